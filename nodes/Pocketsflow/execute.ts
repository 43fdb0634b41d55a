import {
	NodeApiError,
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type JsonObject,
} from 'n8n-workflow';

import { limit, returnAll, simplify } from './fields';
import { BadInput } from './input';
import {
	ItemParameters,
	type AnswerShape,
	type Operation,
	type Resource,
	type Search,
} from './operation';
import { simplified } from './simplify';
import { idOf, isRecord, recordIn, wordsIn } from './transport/answers';
import { readList, readPages, type ListRequest } from './transport/pages';
import type { PocketsflowRequest } from './transport/request';
import { send } from './transport/send';

/** Items whose requests are under way at once; the transport holds the bound over all executions. */
const itemsAtOnce = 8;

type NodeError = NodeApiError | NodeOperationError;

type Prepared = { request: PocketsflowRequest; item: ItemParameters } | { error: NodeError };

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
	let failed: NodeError | undefined;
	let next = 0;
	const work = async () => {
		while (next < prepared.length && !failed) {
			const index = next++;
			try {
				results[index] = (await perform(context, operation, prepared[index])).map((json) => ({
					json,
					pairedItem: { item: index },
				}));
			} catch (thrown) {
				const error = nodeError(context, thrown, index);
				if (continueOnFail) results[index] = [failedItem(error, index)];
				else failed ??= prepared.length > 1 ? numbered(error, index) : error;
			}
		}
	};
	await Promise.all(Array.from({ length: itemsAtOnce }, work));
	if (failed) throw withDone(failed, results);
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
		const item = new ItemParameters(context, index, operation);
		return { item, request: operation.request(item) };
	} catch (thrown) {
		return { error: nodeError(context, thrown, index) };
	}
}

async function perform(
	context: IExecuteFunctions,
	operation: Operation,
	prepared: Prepared,
): Promise<IDataObject[]> {
	if ('error' in prepared) throw prepared.error;
	const { item, request } = prepared;
	const { answer, effect } = operation;
	if (answer.kind === 'list') {
		const wanted = item.get(returnAll) ? undefined : item.require(limit);
		const records = await readList(context, { ...answer, request }, wanted, item.index);
		return records.map((record) => shaped(record, answer, item));
	}
	if (answer.kind === 'search') {
		const list = { ...answer, request };
		const records = await searchedFor(context, list, answer.search(item), item.index);
		return records.map((record) => shaped(record, answer, item));
	}
	const body = await send(context, request, effect, item.index);
	if (answer.kind === 'record') return [shaped(recordIn(body, answer.wrappers), answer, item)];
	if (answer.kind === 'deleted') return [{ deleted: true, id: item.require(answer.id) }];
	const words = isRecord(body) ? body : { message: wordsIn(body).text };
	return [{ ...answer.about(item), ...words }];
}

/** Walks a list for the records that match, each once although pages may shift meanwhile. */
async function searchedFor(
	context: IExecuteFunctions,
	list: ListRequest,
	{ matches, isSearchable, wanted, nothingSearchable }: Search,
	itemIndex: number,
): Promise<IDataObject[]> {
	const found: IDataObject[] = [];
	const seen = new Set<string>();
	let searchable = 0;
	for await (const { records } of readPages(context, list, { itemIndex })) {
		for (const [position, record] of records.entries()) {
			const id = idOf(record) ?? `${seen.size} ${position}`;
			if (seen.has(id)) continue;
			seen.add(id);
			if (isSearchable(record)) searchable++;
			if (matches(record)) found.push(record);
			if (found.length === wanted) return found;
		}
	}
	if (searchable === 0 && seen.size > 0) {
		const { message, description } = nothingSearchable(seen.size);
		throw new NodeOperationError(context.getNode(), message, { description, itemIndex });
	}
	return found;
}

/** A record as the operator gets it: simplified if wanted, without what is never put out. */
function shaped(
	record: IDataObject,
	answer: Extract<AnswerShape, { simplified?: unknown }>,
	item: ItemParameters,
): IDataObject {
	const kept = answer.simplified && item.get(simplify) ? simplified(record, answer.simplified) : record;
	if (!answer.hidden) return kept;
	return Object.fromEntries(Object.entries(kept).filter(([key]) => !answer.hidden?.includes(key)));
}

function nodeError(context: IExecuteFunctions, thrown: unknown, itemIndex: number): NodeError {
	if (thrown instanceof NodeApiError || thrown instanceof NodeOperationError) return thrown;
	if (thrown instanceof BadInput)
		return new NodeOperationError(context.getNode(), thrown.message, {
			itemIndex,
			description: 'Nothing was sent to Pocketsflow.',
		});
	if (thrown instanceof Error) return new NodeOperationError(context.getNode(), thrown, { itemIndex });
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

/** Adds to an error which items were done, so that the operator repeats only the others. */
function withDone(error: NodeError, results: Array<INodeExecutionData[] | undefined>): NodeError {
	const done = results.flatMap((items, index) =>
		items ? [`${index}${items[0] ? ` (${idOf(items[0].json) ?? 'no ID'})` : ''}`] : [],
	);
	if (results.length > 1) {
		const summary =
			done.length > 0
				? `Done before it stopped: ${done.length} of ${results.length} items: ${done.join(', ')}.`
				: `None of the ${results.length} items was done.`;
		error.description = [error.description, summary].filter(Boolean).join(' ');
	}
	return error;
}
