import { type DeliveryFault, deliveryFaultNames, type Switches } from '../switches';

/** A small seeded generator of numbers from 0 to 1: the same seed gives the same numbers. */
export function createRandom(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

/** Decides what goes wrong with each delivery: as planned, else by the rates and the seed. */
export class DeliveryFaults {
	private random = createRandom(1);

	private seed = 1;

	constructor(private readonly switches: Switches) {}

	/** The fault of the next delivery, if any; a planned one is used up. */
	take(): DeliveryFault | undefined {
		this.followSeed();
		const planned = this.switches.nextDeliveryFaults.shift();
		if (planned) return planned;
		return deliveryFaultNames.find((name) => {
			const rate = this.switches[`${name}Rate`];
			return rate > 0 && this.random() < rate;
		});
	}

	reset(): void {
		this.seed = NaN;
	}

	private followSeed(): void {
		const { deliverySeed } = this.switches;
		if (deliverySeed === this.seed) return;
		this.seed = deliverySeed;
		this.random = createRandom(deliverySeed);
	}
}
