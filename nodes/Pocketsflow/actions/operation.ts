import type { IDataObject, IExecuteFunctions, INodePropertyOptions } from 'n8n-workflow';

import type { ListEndpoint } from '../api/lists';
import type { Effect, PocketsflowRequest } from '../api/request';
import type { Collection, Field } from '../fields/field';
import type { ItemParameters } from './itemParameters';
import type { Denial } from './denial';
import type { SimplifiedKey } from './simplify';

/** One row of a resource's table: everything that defines an operation. */
export type Operation = RequestOperation | LocalOperation;

interface OperationBase {
	/** What n8n shows: name, value, action, description. */
	option: INodePropertyOptions;
	/** The fields in the order in which the panel shows them. */
	fields: readonly Field[];
	/** Optional fields, with the names that the API uses. */
	collections?: readonly Collection[];
	effect: Effect;
}

/** An operation of the API: one request, or all pages of one list. */
export interface RequestOperation extends OperationBase {
	/** Builds the request from the item's parameters. Pure. @throws InvalidInputError */
	request(item: ItemParameters): PocketsflowRequest | LookUp;
	/** How the response may say no despite a success status. */
	denial?: Denial;
	/** A hint that n8n shows with the output, once per run, if the request may not be what the user meant. */
	hint?(request: PocketsflowRequest): string | undefined;
	response: ResponseShape;
}

/**
 * Builds the request from data that must first be read from Pocketsflow. Runs after the parameters of all
 * items were read. @throws InvalidInputError
 */
export type LookUp = (lookup: Lookup) => Promise<PocketsflowRequest>;

/** An operation that the node performs itself. */
export interface LocalOperation extends OperationBase {
	/** Reads the item's parameters and returns the work to do with them. @throws InvalidInputError */
	prepare(context: IExecuteFunctions, item: ItemParameters): Task;
}

/** Does the work of one item and returns its output. `stop` ends it only as long as nothing was sent. */
export type Task = (stop: AbortSignal) => Promise<IDataObject[]>;

/** What an operation reads from Pocketsflow before its own request. */
export interface Lookup {
	/** The response to a request that only reads; undefined if Pocketsflow does not have the record. */
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
 * - `record`: the one record, which may be wrapped in an object under any of `recordKeys`. A response
 * without what it `requires` (the ID by default) is not a success.
 * - `list`: one item per record of the list
 * - `search`: one item per matching record of a list that the API cannot search
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

/** Which keys of a record are in the output. */
export interface RecordOutput {
	/** The keys that Simplify keeps. Without them, all are kept. */
	simplifiedKeys?: readonly SimplifiedKey[];
	/** Keys that are never in the output. */
	hiddenKeys?: readonly string[];
}

/** A search through the records of a list. */
export interface RecordSearch {
	matches(record: IDataObject): boolean;
	/** Whether the record holds the data to search. If no record does, finding nothing is not proof. */
	isSearchable(record: IDataObject): boolean;
	/** Whether to stop at the first match. */
	firstOnly: boolean;
	/** The error if none of `count` records was searchable. */
	describeUnsearchable(count: number): { message: string; description: string };
}

/** All fields of an operation, including those of its collections. */
export function getAllFields({ fields, collections = [] }: Operation): Field[] {
	return [...fields, ...collections.flatMap((collection) => collection.fields)];
}
