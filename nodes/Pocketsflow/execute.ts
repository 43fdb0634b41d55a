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
import { ItemParameters, type Operation, type Resource } from './operation';
import { idOf, isRecord, recordIn, wordsIn } from './transport/answers';
import { readList } from './transport/pages';
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
		for (const item of prepared) if ('error' in item) throw item.error;
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
				else failed ??= error;
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
	const simplified =
		'simplified' in answer && answer.simplified && item.get(simplify) ? answer.simplified : undefined;
	const output = (record: IDataObject) => (simplified ? picked(record, simplified) : record);

	if (answer.kind === 'list') {
		const wanted = item.get(returnAll) ? undefined : item.require(limit);
		const records = await readList(context, { ...answer, request }, wanted, item.index);
		return records.map(output);
	}
	const body = await send(context, request, effect, item.index);
	if (answer.kind === 'record') return [output(recordIn(body, answer.wrappers))];
	const id = decodeURIComponent(request.path.split('/').pop() ?? '');
	if (answer.kind === 'deleted') return [{ deleted: true, id }];
	return [{ id, ...(isRecord(body) ? body : { message: wordsIn(body).text }) }];
}

function picked(record: IDataObject, keys: readonly string[]): IDataObject {
	return Object.fromEntries(
		keys.filter((key) => record[key] !== undefined).map((key) => [key, record[key]]),
	);
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

function failedItem(error: NodeError, item: number): INodeExecutionData {
	return { json: { error: `${error.message} [item ${item}]` }, error, pairedItem: { item } };
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
