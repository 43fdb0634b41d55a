import { StandIn } from './services/standIn';

export interface Entry {
	/** When it was marked, each time. */
	markedAt: number[];
}

/** A shop's server: PUT /orders/<own order id>/paid (or another action) marks an order. */
export class Ledger extends StandIn {
	readonly entries = new Map<string, Entry>();
	/** Requests that do not mark an order. */
	readonly strange: string[] = [];

	static async open(action = 'paid'): Promise<Ledger> {
		const ledger = new Ledger();
		const { app, entries, strange } = ledger;
		app.put<{ Params: { id: string } }>(`/orders/:id/${action}`, async ({ params: { id } }) => {
			const { markedAt } = entries.get(id) ?? { markedAt: [] };
			entries.set(id, { markedAt: [...markedAt, Date.now()] });
			return { [action]: true };
		});
		app.setNotFoundHandler(async ({ method, url }, reply) => {
			strange.push(`${method} ${url}`);
			await reply.code(400).send({ [action]: false });
		});
		await ledger.listen();
		return ledger;
	}
}
