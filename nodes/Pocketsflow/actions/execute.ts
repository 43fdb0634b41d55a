import {
	NodeApiError,
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type JsonObject,
} from 'n8n-workflow';

import { readId } from '../api/responses';
import { InvalidInputError } from '../fields/types';
import { defaultLimits } from '../transport/limits';
import { summarizeFailure, type ItemOutcome } from './failureSummary';
import type { Operation, Resource } from './operation';
import { processMemory, type SettledItem, type UnknownOutcome } from './retryMemory';
import { buildTask, type Task } from './task';

type NodeError = NodeApiError | NodeOperationError;

type Pending = { task: Task } | { error: NodeError };

type Prepared = Pending | { settled: SettledItem };

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
 * Where n8n runs the node again because of Retry On Fail, only what was not done is sent.
 * @param memory what earlier tries came to
 * @throws NodeApiError or NodeOperationError
 */
export async function runOperation(
	context: IExecuteFunctions,
	operation: Operation,
	continueOnFail: boolean,
	memory = processMemory,
): Promise<INodeExecutionData[]> {
	const run = memory.openRun(context, operation.effect);
	const prepared = context.getInputData().map((_, index): Prepared => {
		const settled = run.get(index);
		return settled ? { settled } : prepare(context, operation, index);
	});
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
	const fail = (thrown: unknown, index: number) => {
		const error = toNodeError(context, thrown, index);
		if (error.context.outcome === 'unknown') {
			unknown.add(index);
			run.set(index, { unknown: readUnknownOutcome(error) });
		}
		if (continueOnFail && !cancel?.aborted) outputs[index] = [buildErrorItem(error, index)];
		else failure ??= toThrown(error, index);
		if (failure) stop.abort();
	};

	const pending: Array<[index: number, item: Pending]> = [];
	for (const [index, item] of prepared.entries()) {
		if (!('settled' in item)) pending.push([index, item]);
		else if ('output' in item.settled) outputs[index] = pairItems(item.settled.output, index);
		else fail(buildUnknownError(context, item.settled.unknown, index), index);
	}
	const queue = pending.values();
	const work = async () => {
		for (const [index, item] of queue) {
			if (failure) return;
			try {
				const output = await perform(item, stop.signal);
				run.set(index, { output });
				outputs[index] = pairItems(output, index);
			} catch (thrown) {
				fail(thrown, index);
			}
		}
	};
	await Promise.all(Array.from({ length: defaultLimits.maxInFlight }, work));
	if (failure) throw addSummary(failure, outputs, unknown);
	return outputs.flatMap((items) => items ?? []);
}

function prepare(context: IExecuteFunctions, operation: Operation, itemIndex: number): Pending {
	try {
		return { task: buildTask(context, operation, itemIndex) };
	} catch (thrown) {
		return { error: toNodeError(context, thrown, itemIndex) };
	}
}

async function perform(item: Pending, stop: AbortSignal): Promise<IDataObject[]> {
	if ('error' in item) throw item.error;
	return await item.task(stop);
}

const pairItems = (output: IDataObject[], item: number): INodeExecutionData[] =>
	output.map((json) => ({ json, pairedItem: { item } }));

const readUnknownOutcome = (error: NodeError): UnknownOutcome => ({
	message: error.message,
	description: error.description,
	httpCode: error instanceof NodeApiError ? error.httpCode : null,
});

/** Builds the error of an earlier try anew, because the thrown one was given the number of its item. */
function buildUnknownError(
	context: IExecuteFunctions,
	{ message, description, httpCode }: UnknownOutcome,
	itemIndex: number,
): NodeApiError {
	const error = new NodeApiError(context.getNode(), { message } as JsonObject, {
		message,
		description: description ?? undefined,
		httpCode: httpCode ?? undefined,
		itemIndex,
	});
	// n8n replaces a message in which it sees the name of an error code.
	error.message = message;
	error.context.outcome = 'unknown';
	return error;
}

function toNodeError(context: IExecuteFunctions, thrown: unknown, itemIndex: number): NodeError {
	if (thrown instanceof NodeApiError || thrown instanceof NodeOperationError) return thrown;
	if (thrown instanceof InvalidInputError)
		return new NodeOperationError(context.getNode(), thrown.message, {
			itemIndex,
			description: `${thrown.description} Nothing was sent to Pocketsflow.`,
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
