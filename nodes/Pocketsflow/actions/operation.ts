import type { IDataObject, IExecuteFunctions, INodePropertyOptions } from 'n8n-workflow';

import type { ListEndpoint } from '../api/lists';
import type { Effect, PocketsflowRequest } from '../api/request';
import type { Collection, Field } from '../fields/field';
import type { ItemParameters } from './itemParameters';
import type { Denial } from './denial';
import type { FilterChecks } from './filterChecks';
import type { SimplifiedKey } from './simplify';

/** One row of a resource's table: everything that defines an operation. */
export type Operation = ListOperation | RequestOperation | LocalOperation;

interface OperationBase {
	/** What n8n shows: name, value, action, description. */
	option: INodePropertyOptions;
	/** The fields in the order in which the panel shows them. */
	fields: readonly Field[];
	/** Optional fields, with the names that the API uses. */
	collections?: readonly Collection[];
	effect: Effect;
}

/** Reads a list: the first records, all, or the matching ones if the API can't search it. */
export interface ListOperation extends OperationBase, RecordOutput {
	list: ListEndpoint;
	filterChecks?: FilterChecks;
	search?(item: ItemParameters): RecordSearch;
}

export interface RequestOperation extends OperationBase, RecordOutput {
	/** Builds the request from the item's parameters. Pure. @throws InvalidInputError */
	request(item: ItemParameters): PocketsflowRequest | LookUp;
	denial?: Denial;
	/** A hint that n8n shows with the output, once per run, if the request may not be what the user meant. */
	hint?(request: PocketsflowRequest): string | undefined;
	response: ResponseShape;
}

/** Builds a request from data that must first be read. @throws InvalidInputError */
export type LookUp = (lookup: Lookup) => Promise<PocketsflowRequest>;

export interface LocalOperation extends OperationBase {
	/** Reads the item's parameters. @throws InvalidInputError */
	prepare(context: IExecuteFunctions, item: ItemParameters): Task;
}

/** Does the work of one item and returns its output. `stop` ends it only as long as nothing was sent. */
export type Task = (stop: AbortSignal) => Promise<IDataObject[]>;

export interface Lookup {
	/** The response to a request that only reads; undefined if Pocketsflow does not have the record. */
	ask(request: PocketsflowRequest): Promise<unknown>;
	find(
		list: ListEndpoint,
		matches: (record: IDataObject) => boolean,
	): Promise<IDataObject | undefined>;
}

export interface Resource {
	option: INodePropertyOptions;
	operations: readonly Operation[];
}

/**
 * How a response becomes the output item.
 * - `record`: the record, maybe wrapped under one of `recordKeys`. It must have what it `requires`, and
 *   be the one with the requested `id`.
 * - `deleted`: the values of `output`
 * - `message`: the values of `output`, then those of the response
 */
type ResponseShape =
	| {
			kind: 'record';
			recordKeys?: readonly string[];
			requires?: 'id' | 'url';
			id?(item: ItemParameters): string;
	  }
	| { kind: 'deleted' | 'message'; output(item: ItemParameters): IDataObject };

export interface RecordOutput {
	/** The keys that Simplify keeps. Without them, all are kept. */
	simplifiedKeys?: readonly SimplifiedKey[];
	/** Whether the output has no signing secrets. */
	hidesSecrets?: boolean;
}

export interface RecordSearch {
	matches(record: IDataObject): boolean;
	/** Whether the record holds the data to search. If no record does, finding nothing is not proof. */
	isSearchable(record: IDataObject): boolean;
	/** Whether the record holds some of that data. If none does, the list may leave it out. */
	isFilled(record: IDataObject): boolean;
	firstOnly: boolean;
	/** The error if `count` records could not be searched. */
	describeUnsearchable(count: number): { message: string; description: string };
}

/** All fields of an operation, also those of its collections. */
export function getAllFields({ fields, collections = [] }: Operation): Field[] {
	return [...fields, ...collections.flatMap((collection) => collection.fields)];
}
