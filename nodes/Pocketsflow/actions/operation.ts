import type { IDataObject, IExecuteFunctions, INodePropertyOptions } from 'n8n-workflow';

import type { ListEndpoint } from '../api/lists';
import type { Effect, PocketsflowRequest } from '../api/request';
import type { Collection, Field } from '../fields/field';
import type { ItemParameters } from './itemParameters';
import type { Denial } from './denial';
import type { SimplifiedKey } from './simplify';

/** One row of a resource's table: all there is to know about an operation. */
export type Operation = RequestOperation | LocalOperation;

interface OperationBase {
	/** What n8n shows: name, value, action, description. */
	option: INodePropertyOptions;
	/** The fields in the order of the panel. */
	fields: readonly Field[];
	/** Optional fields, each named as at the API. */
	collections?: readonly Collection[];
	effect: Effect;
}

/** An operation of the API: one request, or the pages of one list. */
export interface RequestOperation extends OperationBase {
	/** Builds the request from the item's parameters. Pure. @throws InvalidInputError */
	request(item: ItemParameters): PocketsflowRequest | LookUp;
	/** How the answer may say no, although its status is one of success. */
	denial?: Denial;
	/** What n8n shows with the output, once in a run, because the request may not be what was meant. */
	hint?(request: PocketsflowRequest): string | undefined;
	response: ResponseShape;
}

/**
 * Builds the request from what must first be read in Pocketsflow. Runs after the parameters of all items
 * were read. @throws InvalidInputError
 */
export type LookUp = (lookup: Lookup) => Promise<PocketsflowRequest>;

/** An operation that n8n does automatically. */
export interface LocalOperation extends OperationBase {
	/** Reads the item's parameters and gives the work to do with them. @throws InvalidInputError */
	prepare(context: IExecuteFunctions, item: ItemParameters): Task;
}

/** Does the work of one item and gives its output. `stop` ends it only while nothing was sent. */
export type Task = (stop: AbortSignal) => Promise<IDataObject[]>;

/** What an operation reads in Pocketsflow before its own request. */
export interface Lookup {
	/** The answer to a request that only reads; undefined where Pocketsflow does not have it. */
	ask(request: PocketsflowRequest): Promise<unknown>;
	/** The first record of a list that matches. */
	find(
		list: ListEndpoint,
		matches: (record: IDataObject) => boolean,
	): Promise<IDataObject | undefined>;
}

/** A group of operations, as n8n shows it. */
export interface Resource {
	option: INodePropertyOptions;
	operations: readonly Operation[];
}

/**
 * How the response to an operation becomes output items.
 * - `record`: the one record, which may be wrapped in an object under any of `recordKeys`; an answer
 *   without what it `requires` (its ID unless given) is no success
 * - `list`: one item per record of the list
 * - `search`: one item per matching record of a list that the API itself cannot search
 * - `deleted`: `{ deleted: true, id }`
 * - `message`: the values of `output`, then those of the response
 */
type ResponseShape =
	| ({ kind: 'record'; recordKeys?: readonly string[]; requires?: 'id' | 'url' } & RecordOutput)
	| ({ kind: 'list'; list: ListEndpoint } & RecordOutput)
	| ({
			kind: 'search';
			list: ListEndpoint;
			search(item: ItemParameters): RecordSearch;
	  } & RecordOutput)
	| { kind: 'deleted'; id: Field<string> }
	| { kind: 'message'; output(item: ItemParameters): IDataObject };

/** Which keys of a record are output. */
export interface RecordOutput {
	/** The keys that the Simplify parameter keeps; without them all are kept. */
	simplifiedKeys?: readonly SimplifiedKey[];
	/** Keys that are never output. */
	hiddenKeys?: readonly string[];
}

/** A search through the records of a list. */
export interface RecordSearch {
	matches(record: IDataObject): boolean;
	/** Whether the record holds what is searched in. If none does, finding nothing proves nothing. */
	isSearchable(record: IDataObject): boolean;
	/** Whether the first match is enough. */
	firstOnly: boolean;
	/** The error for `count` records if none was searchable. */
	describeUnsearchable(count: number): { message: string; description: string };
}

/** The fields of an operation, those of its collections included. */
export function getAllFields({ fields, collections = [] }: Operation): Field[] {
	return [...fields, ...collections.flatMap((collection) => collection.fields)];
}
