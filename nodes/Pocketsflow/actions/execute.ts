import {
	NodeApiError,
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type JsonObject,
} from 'n8n-workflow';

import { limit, returnAll, simplify } from '../fields/common';
import { BadInput } from '../fields/types';
import {
	ItemParameters,
	type Operation,
	type Resource,
	type Search,
	type Shaping,
} from './operation';
import { progressOf, type ItemEnd } from './failureSummary';
import { simplified } from './simplify';
import { idOf, isRecord, recordIn } from '../api/responses';
import { standardLimits } from '../transport/limits';
import { readList, readPages, type ListRequest } from '../transport/pagination';
import { send } from '../transport/send';

type NodeError = NodeApiError | NodeOperationError;

/** The work on one item, all of its parameters read and checked; `stop` ends it while nothing was sent. */
type Task = (stop: AbortSignal) => Promise<IDataObject[]>;

type Prepared = { task: Task } | { error: NodeError };

/**
 * Runs one operation for all items. Bad input of any item stops the node before anything is sent; later
 * failures stop what has not begun, await what is under way and say what was done. With `continueOnFail`
 * each item fails alone. Results come in input order, each paired with its item.
 */
export async function runOperation(
	context: IExecuteFunctions,
	operation: Operation,
	continueOnFail: boolean,
): Promise<INodeExecutionData[]> {
	const prepared = context.getInputData().map((_, index) => prepare(context, operation, index));
	if (!continueOnFail) {
		for (const [index, item] of prepared.entries()) {
			if ('error' in item) throw prepared.length > 1 ? numbered(item.error, index) : item.error;
		}
	}

	const results: Array<INodeExecutionData[] | undefined> = prepared.map(() => undefined);
	const unknown = new Set<number>();
	const stop = new AbortController();
	const cancel = context.getExecutionCancelSignal();
	let failed: NodeError | undefined;
	let next = 0;
	const work = async () => {
		while (next < prepared.length && !failed) {
			const index = next++;
			try {
				results[index] = (await perform(prepared[index], stop.signal)).map((json) => ({
					json,
					pairedItem: { item: index },
				}));
			} catch (thrown) {
				const error = nodeError(context, thrown, index);
				if (error.context.outcome === 'unknown') unknown.add(index);
				if (continueOnFail && !cancel?.aborted) results[index] = [failedItem(error, index)];
				else failed ??= prepared.length > 1 ? numbered(error, index) : error;
				if (failed) stop.abort();
			}
		}
	};
	await Promise.all(Array.from({ length: standardLimits.inFlight }, work));
	if (failed) throw withProgress(failed, results, unknown);
	return results.flatMap((items) => items ?? []);
}

/** The table row that the `resource` and `operation` parameters choose. */
export function chosenOperation(
	context: IExecuteFunctions,
	resources: readonly Resource[],
): Operation {
	const resource = context.getNodeParameter('resource', 0);
	const operation = context.getNodeParameter('operation', 0);
	const found = resources
		.find(({ option }) => option.value === resource)
		?.operations.find(({ option }) => option.value === operation);
	if (!found)
		throw new NodeOperationError(
			context.getNode(),
			`The operation '${String(operation)}' does not exist for the resource '${String(resource)}'`,
		);
	return found;
}

function prepare(context: IExecuteFunctions, operation: Operation, index: number): Prepared {
	try {
		return { task: taskFor(context, operation, new ItemParameters(context, index, operation)) };
	} catch (thrown) {
		return { error: nodeError(context, thrown, index) };
	}
}

async function perform(prepared: Prepared, stop: AbortSignal): Promise<IDataObject[]> {
	if ('error' in prepared) throw prepared.error;
	return await prepared.task(stop);
}

/**
 * What is to be done for an item. All parameters are read here and none later, so that bad input shows
 * before anything is sent.
 * @throws BadInput
 */
function taskFor(context: IExecuteFunctions, operation: Operation, item: ItemParameters): Task {
	const { answer, effect } = operation;
	const { index } = item;
	const request = operation.request(item);
	const answered = async (stop: AbortSignal) =>
		await send(context, request, effect, index, { stop });
	switch (answer.kind) {
		case 'list': {
			const wanted = item.get(returnAll) ? undefined : item.require(limit);
			const shape = shaping(answer, item);
			return async (stop) =>
				(await readList(context, { ...answer, request }, wanted, index, { stop })).map(shape);
		}
		case 'search': {
			const search = answer.search(item);
			const shape = shaping(answer, item);
			return async (stop) =>
				(await searchedFor(context, { ...answer, request }, search, index, stop)).map(shape);
		}
		case 'record': {
			const shape = shaping(answer, item);
			return async (stop) => [shape(recordIn(await answered(stop), answer.wrappers))];
		}
		case 'deleted': {
			const id = item.require(answer.id);
			return async (stop) => {
				await answered(stop);
				return [{ deleted: true, id }];
			};
		}
		case 'message': {
			const about = answer.about(item);
			return async (stop) => {
				const body = await answered(stop);
				return [{ ...about, ...(isRecord(body) && body) }];
			};
		}
	}
}

/** Walks a list for the records that match. */
async function searchedFor(
	context: IExecuteFunctions,
	list: ListRequest,
	{ matches, isSearchable, first, nothingSearchable }: Search,
	itemIndex: number,
	stop: AbortSignal,
): Promise<IDataObject[]> {
	const found: IDataObject[] = [];
	let read = 0;
	let searchable = 0;
	const wanted = first ? undefined : Infinity;
	for await (const { records } of readPages(context, list, { itemIndex, wanted, stop })) {
		read += records.length;
		searchable += records.filter(isSearchable).length;
		found.push(...records.filter(matches));
		if (first && found.length > 0) return found.slice(0, 1);
	}
	if (searchable === 0 && read > 0) {
		const { message, description } = nothingSearchable(read);
		throw new NodeOperationError(context.getNode(), message, { description, itemIndex });
	}
	return found;
}

/** How a record is put out: simplified if wanted, without what never is. */
function shaping(
	{ simplified: kept, hidden = [] }: Shaping,
	item: ItemParameters,
): (record: IDataObject) => IDataObject {
	if (kept !== undefined && item.get(simplify) === true)
		return (record) => simplified(record, kept);
	if (hidden.length === 0) return (record) => record;
	return (record) =>
		Object.fromEntries(Object.entries(record).filter(([key]) => !hidden.includes(key)));
}

function nodeError(context: IExecuteFunctions, thrown: unknown, itemIndex: number): NodeError {
	if (thrown instanceof NodeApiError || thrown instanceof NodeOperationError) return thrown;
	if (thrown instanceof BadInput)
		return new NodeOperationError(context.getNode(), thrown.message, {
			itemIndex,
			description: 'Nothing was sent to Pocketsflow.',
		});
	if (thrown instanceof Error)
		return new NodeOperationError(context.getNode(), thrown, { itemIndex });
	return new NodeApiError(context.getNode(), thrown as JsonObject, { itemIndex });
}

/** Names the item in the message itself: n8n puts out nothing else of an item that failed alone. */
function numbered(error: NodeError, item: number): NodeError {
	error.message = `${error.message} [item ${item}]`;
	return error;
}

function failedItem(error: NodeError, item: number): INodeExecutionData {
	return { json: { error: numbered(error, item).message }, error, pairedItem: { item } };
}

/** Adds to an error what became of the items, so that the operator repeats only what was not done. */
function withProgress(
	error: NodeError,
	results: Array<INodeExecutionData[] | undefined>,
	unknown: Set<number>,
): NodeError {
	const ends = results.map((items, index): ItemEnd => {
		if (unknown.has(index)) return { end: 'unknown' };
		if (items && !items.some((item) => item.error))
			return {
				end: 'done',
				ids: items.flatMap(({ json }) => idOf(json) ?? []),
				records: items.length,
			};
		return { end: 'notDone' };
	});
	error.description = [error.description, progressOf(ends)].filter(Boolean).join(' ');
	return error;
}
