/** Judges whether a figure that is sampled over hours stays flat. Pure. */

import { median } from '../bench/measure';

/** A figure's value at a time after the start. */
export interface Point {
	hours: number;
	value: number;
}

/** What a figure may do. */
export interface Bound {
	/** How much it may grow in an hour. */
	perHour: number;
	/** What it may never exceed, however short the run. */
	most?: number;
}

export interface Judgement {
	/** Medians of the first, the middle and the last tenth of the samples. */
	start: number;
	middle: number;
	end: number;
	most: number;
	/** Growth by least squares. */
	perHour: number;
	/** `too short`: the growth was not judged, and the figure stayed below its most. */
	verdict: 'flat' | 'not flat' | 'too short';
}

/** From a shorter run no growth is judged: what n8n still loads and compiles looks like a leak. */
export const judgedFromHours = 1 / 3;

/**
 * Judges the lowest sample of each minute, which work in progress does not raise, but a leak does. What
 * may never be exceeded is compared with every sample.
 * @throws when there are no samples of two different minutes
 */
export function judgeFigure(samples: readonly Point[], bound: Bound): Judgement {
	const points = findFloors(samples);
	const values = points.map(({ value }) => value);
	const perHour = computeSlope(points);
	const tenth = Math.max(1, Math.floor(values.length / 10));
	const middleAt = Math.floor((values.length - tenth) / 2);
	const most = Math.max(...samples.map(({ value }) => value));
	const isBounded = bound.most === undefined || most <= bound.most;
	const isLongEnough = samples[samples.length - 1].hours - samples[0].hours >= judgedFromHours;
	const isFlat = isBounded && (!isLongEnough || perHour <= bound.perHour);
	return {
		start: median(values.slice(0, tenth)),
		middle: median(values.slice(middleAt, middleAt + tenth)),
		end: median(values.slice(-tenth)),
		most,
		perHour,
		verdict: !isFlat ? 'not flat' : isLongEnough ? 'flat' : 'too short',
	};
}

function findFloors(samples: readonly Point[]): Point[] {
	const floors = new Map<number, Point>();
	for (const sample of samples) {
		const minute = Math.floor(sample.hours * 60);
		const floor = floors.get(minute);
		if (!floor || sample.value < floor.value) floors.set(minute, sample);
	}
	return [...floors.values()];
}

function computeSlope(points: readonly Point[]): number {
	const meanHours = computeMean(points.map(({ hours }) => hours));
	const meanValue = computeMean(points.map(({ value }) => value));
	const spread = points.reduce((sum, { hours }) => sum + (hours - meanHours) ** 2, 0);
	if (!(spread > 0)) throw new Error('A figure needs samples of two minutes or more to be judged.');
	return (
		points.reduce((sum, { hours, value }) => sum + (hours - meanHours) * (value - meanValue), 0) /
		spread
	);
}

const computeMean = (values: readonly number[]) =>
	values.reduce((sum, value) => sum + value, 0) / values.length;
