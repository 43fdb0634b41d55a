/**
 * The text in which a state is stored. Thousands of IDs are in it and n8n writes it with every poll that
 * emits, so it is compact: a record is its ID and the difference of its date to the low watermark, and
 * emissions are written once for all records that share them.
 */
import { jsonParse } from 'n8n-workflow';

import { isRecord } from '../api/responses';
import type { KnownMembership, MembershipsState } from './changes';
import type { CursorState, IdAndTime, UnconfirmedRecord } from './cursor';
import type { Emission } from './emissions';
import type { PollState } from './state';

const version = 2;

/** Alternately IDs and dates. */
type FlatRecords = Array<string | number>;
type StoredEmissions = Array<[emittedAtMs: number, processId: string, isRepeat: 0 | 1]>;

interface StoredGroup {
	emissions: StoredEmissions;
	present: FlatRecords;
	missing: FlatRecords;
}

type StoredCursor = Pick<CursorState, 'lowWatermarkMs' | 'cursorMs'> & {
	done: FlatRecords;
	pending: FlatRecords;
	unconfirmed: StoredGroup[];
};

type StoredMembership = [
	id: string,
	digest: string,
	changeId: string,
	hasEnded?: 0 | 1,
	emissions?: number,
];

type StoredMemberships = Omit<MembershipsState, 'memberships'> & {
	emissions: StoredEmissions[];
	memberships: StoredMembership[];
};

type StoredState = Omit<PollState, 'lists' | 'memberships'> & {
	version: typeof version;
	lists: Record<string, StoredCursor>;
	memberships?: StoredMemberships;
};

/** Turns a state into text. */
export function formatState({ lists, memberships, ...rest }: PollState): string {
	const stored: StoredState = {
		version,
		...rest,
		lists: mapValues(lists, storeCursor),
		...(memberships && { memberships: storeMemberships(memberships) }),
	};
	return JSON.stringify(stored);
}

/** Reads a state; undefined where the text is damaged or of another version. */
export function parseState(text: string): PollState | undefined {
	try {
		const stored = jsonParse<unknown>(text);
		return isStoredState(stored) ? restoreState(stored) : undefined;
	} catch {
		return undefined;
	}
}

const isStoredState = (stored: unknown): stored is StoredState =>
	isRecord(stored) && stored.version === version && isRecord(stored.polls);

function restoreState(stored: StoredState): PollState {
	const { polls, startDate, favoursChanges, lists, memberships } = stored;
	return {
		polls,
		startDate,
		favoursChanges,
		lists: mapValues(lists, restoreCursor),
		...(memberships && { memberships: restoreMemberships(memberships) }),
	};
}

const mapValues = <T, U>(values: Record<string, T>, convert: (value: T) => U) =>
	Object.fromEntries(Object.entries(values).map(([key, value]) => [key, convert(value)]));

function storeCursor({ done, unconfirmed, pending, ...rest }: CursorState): StoredCursor {
	const flatten = (records: IdAndTime[]) =>
		records.flatMap(([id, timeMs]) => [id, timeMs - rest.lowWatermarkMs]);
	const groups = new Map<string, StoredGroup>();
	for (const { id, timeMs, emissions, isMissing } of unconfirmed) {
		const key = emissions.map((one) => Object.values(one).join(' ')).join();
		const group = groups.get(key) ?? {
			emissions: storeEmissions(emissions),
			present: [],
			missing: [],
		};
		groups.set(key, group);
		group[isMissing ? 'missing' : 'present'].push(...flatten([[id, timeMs]]));
	}
	return {
		...rest,
		done: flatten(done),
		pending: flatten(pending),
		unconfirmed: [...groups.values()],
	};
}

function restoreCursor({ done, unconfirmed, pending, ...rest }: StoredCursor): CursorState {
	const unflatten = (flat: FlatRecords): IdAndTime[] =>
		flat.flatMap((id, index): IdAndTime[] =>
			index % 2 === 0 ? [[String(id), Number(flat[index + 1]) + rest.lowWatermarkMs]] : [],
		);
	const restoreGroup = ({ emissions, present, missing }: StoredGroup): UnconfirmedRecord[] => {
		const restore = ([id, timeMs]: IdAndTime) => ({
			id,
			timeMs,
			emissions: restoreEmissions(emissions),
		});
		return [
			...unflatten(present).map(restore),
			...unflatten(missing).map((one) => ({ ...restore(one), isMissing: true })),
		];
	};
	return {
		...rest,
		done: unflatten(done),
		pending: unflatten(pending),
		unconfirmed: unconfirmed.flatMap(restoreGroup),
	};
}

const storeEmissions = (emissions: readonly Emission[]): StoredEmissions =>
	emissions.map(({ emittedAtMs, processId, isRepeat }) => [
		emittedAtMs,
		processId,
		isRepeat ? 1 : 0,
	]);

const restoreEmissions = (stored: StoredEmissions): Emission[] =>
	stored.map(([emittedAtMs, processId, isRepeat]) => ({
		emittedAtMs,
		processId,
		isRepeat: isRepeat === 1,
	}));

function storeMemberships({ memberships, ...rest }: MembershipsState): StoredMemberships {
	const indexes = new Map<string, number>();
	const findIndex = (emissions: Emission[]) => {
		const key = JSON.stringify(storeEmissions(emissions));
		const index = indexes.get(key) ?? indexes.size;
		indexes.set(key, index);
		return index;
	};
	const store = ([id, known]: [string, KnownMembership]): StoredMembership => {
		const { digest, changeId, hasEnded, emissions } = known;
		if (emissions) return [id, digest, changeId, hasEnded ? 1 : 0, findIndex(emissions)];
		return hasEnded ? [id, digest, changeId, 1] : [id, digest, changeId];
	};
	return {
		...rest,
		memberships: Object.entries(memberships).map(store),
		emissions: [...indexes.keys()].map((key) => jsonParse<StoredEmissions>(key)),
	};
}

function restoreMemberships({
	memberships,
	emissions,
	...rest
}: StoredMemberships): MembershipsState {
	const restore = ([id, digest, changeId, hasEnded, index]: StoredMembership): [
		string,
		KnownMembership,
	] => [
		id,
		{
			digest,
			changeId,
			...(hasEnded === 1 && { hasEnded: true }),
			...(index !== undefined && { emissions: restoreEmissions(emissions[index]) }),
		},
	];
	return { ...rest, memberships: Object.fromEntries(memberships.map(restore)) };
}
