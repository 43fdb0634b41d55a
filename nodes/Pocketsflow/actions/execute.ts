import {
	NodeApiError,
	NodeOperationError,
	type IExecuteFunctions,
	type INodeExecutionData,
	type JsonObject,
} from 'n8n-workflow';

import { readId } from '../api/responses';
import { InvalidInputError } from '../fields/types';
import { defaultLimits } from '../transport/limits';
import { summarizeFailure, type ItemOutcome } from './failureSummary';
import type { Operation, Resource } from './operation';
import { buildTask, type Task } from './task';

type NodeError = NodeApiError | NodeOperationError;

type Prepared = { task: Task } | { error: NodeError };

/**
 * Finds the table row that the node's `resource` and `operation` parameters choose.
 * @throws NodeOperationError where there is none
 */
export function findOperation(
	context: IExecuteFunctions,
	resources: readonly Resource[],
): Operation {
	const resource = context.getNodeParameter('resource', 0);
	const operation = context.getNodeParameter('operation', 0);
	const row = resources
		.find(({ option }) => option.value === resource)
		?.operations.find(({ option }) => option.value === operation);
	if (!row)
		throw new NodeOperationError(
			context.getNode(),
			`The operation '${String(operation)}' does not exist for the resource '${String(resource)}'`,
		);
	return row;
}

/**
 * Runs one operation for all items. Bad input of any item stops the node before anything is sent. After a
 * later failure no further item is begun, what is in flight is awaited, and the error says what was done.
 * With `continueOnFail` each item fails alone. Output is in input order, each item paired with its input.
 * @throws NodeApiError or NodeOperationError
 */
export async function runOperation(
	context: IExecuteFunctions,
	operation: Operation,
	continueOnFail: boolean,
): Promise<INodeExecutionData[]> {
	const prepared = context.getInputData().map((_, index) => prepare(context, operation, index));
	const toThrown = (error: NodeError, index: number) =>
		prepared.length > 1 ? addItemNumber(error, index) : error;
	if (!continueOnFail)
		for (const [index, item] of prepared.entries())
			if ('error' in item) throw toThrown(item.error, index);

	const outputs: Array<INodeExecutionData[] | undefined> = prepared.map(() => undefined);
	const unknown = new Set<number>();
	const stop = new AbortController();
	const cancel = context.getExecutionCancelSignal();
	let failure: NodeError | undefined;
	let next = 0;
	const work = async () => {
		while (next < prepared.length && !failure) {
			const index = next++;
			try {
				outputs[index] = await perform(prepared[index], index, stop.signal);
			} catch (thrown) {
				const error = toNodeError(context, thrown, index);
				if (error.context.outcome === 'unknown') unknown.add(index);
				if (continueOnFail && !cancel?.aborted) outputs[index] = [buildErrorItem(error, index)];
				else failure ??= toThrown(error, index);
				if (failure) stop.abort();
			}
		}
	};
	await Promise.all(Array.from({ length: defaultLimits.maxInFlight }, work));
	if (failure) throw addSummary(failure, outputs, unknown);
	return outputs.flatMap((items) => items ?? []);
}

function prepare(context: IExecuteFunctions, operation: Operation, itemIndex: number): Prepared {
	try {
		return { task: buildTask(context, operation, itemIndex) };
	} catch (thrown) {
		return { error: toNodeError(context, thrown, itemIndex) };
	}
}

async function perform(
	prepared: Prepared,
	item: number,
	stop: AbortSignal,
): Promise<INodeExecutionData[]> {
	if ('error' in prepared) throw prepared.error;
	return (await prepared.task(stop)).map((json) => ({ json, pairedItem: { item } }));
}

function toNodeError(context: IExecuteFunctions, thrown: unknown, itemIndex: number): NodeError {
	if (thrown instanceof NodeApiError || thrown instanceof NodeOperationError) return thrown;
	if (thrown instanceof InvalidInputError)
		return new NodeOperationError(context.getNode(), thrown.message, {
			itemIndex,
			description: 'Nothing was sent to Pocketsflow.',
		});
	if (thrown instanceof Error)
		return new NodeOperationError(context.getNode(), thrown, { itemIndex });
	return new NodeApiError(context.getNode(), thrown as JsonObject, { itemIndex });
}

/** Names the item in the message: n8n outputs nothing else of the error of an item that failed alone. */
function addItemNumber(error: NodeError, item: number): NodeError {
	error.message = `${error.message} [item ${item}]`;
	return error;
}

function buildErrorItem(error: NodeError, item: number): INodeExecutionData {
	return { json: { error: addItemNumber(error, item).message }, error, pairedItem: { item } };
}

function addSummary(
	error: NodeError,
	outputs: ReadonlyArray<INodeExecutionData[] | undefined>,
	unknown: ReadonlySet<number>,
): NodeError {
	const outcomes = outputs.map(
		(items, index): ItemOutcome => (unknown.has(index) ? { status: 'unknown' } : getOutcome(items)),
	);
	error.description = [error.description, summarizeFailure(outcomes)].filter(Boolean).join(' ');
	return error;
}

function getOutcome(items: INodeExecutionData[] | undefined): ItemOutcome {
	if (!items || items.some(({ error }) => error)) return { status: 'notDone' };
	const ids = items.flatMap(({ json }) => readId(json) ?? []);
	return { status: 'done', ids, recordCount: items.length };
}
