import {
	NodeApiError,
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type JsonObject,
} from 'n8n-workflow';

import { UnknownTimezoneError } from '../api/dates';
import { readId } from '../api/responses';
import { InvalidInputError } from '../fields/field';
import { loadCredential } from '../transport/credential';
import { composeMessage, setMessage } from '../transport/errors';
import { defaultLimits } from '../transport/limits';
import { startTurns } from '../transport/turns';
import { summarizeFailure, type ItemOutcome } from './failureSummary';
import type { Operation, Resource, Task } from './operation';
import { openRun, type NodeError, type RunMemory, type SettledItem } from './retryMemory';
import { buildTask } from './task';

type Pending = { task: Task } | { error: NodeError };

type Prepared = Pending | { settled: SettledItem };

/** The operation that the node is set to. @throws NodeOperationError if there is none */
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
 * Runs one operation for all items. Bad input of any item stops the node before anything is sent.
 * After a later failure, no further item starts, and the error reports what was done. With
 * `continueOnFail`, each item fails alone. Retry On Fail sends only what was not done.
 * @throws NodeApiError or NodeOperationError
 */
export async function runOperation(
	context: IExecuteFunctions,
	operation: Operation,
	continueOnFail: boolean,
): Promise<INodeExecutionData[]> {
	const earlierTries = openRun(context, operation.effect);
	const yieldTurn = startTurns();
	const items: Prepared[] = [];
	for (const index of context.getInputData().keys()) {
		const settled = earlierTries.get(index);
		items.push(settled ? { settled } : await prepare(context, operation, index));
		await yieldTurn();
	}
	return await new OperationRun(context, items, continueOnFail, earlierTries).run();
}

async function prepare(
	context: IExecuteFunctions,
	operation: Operation,
	itemIndex: number,
): Promise<Pending> {
	try {
		// Each item can have its own credential. One that can't be used is bad input, too.
		await loadCredential(context, itemIndex);
		return { task: buildTask(context, operation, itemIndex) };
	} catch (thrown) {
		return { error: toNodeError(context, thrown, itemIndex) };
	}
}

class OperationRun {
	private readonly outputs: INodeExecutionData[][];

	private readonly outcomes: ItemOutcome[];

	private readonly stop = new AbortController();

	private failure: NodeError | undefined;

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly items: readonly Prepared[],
		private readonly continueOnFail: boolean,
		private readonly memory: RunMemory,
	) {
		this.outputs = items.map(() => []);
		this.outcomes = items.map(() => ({ status: 'notDone' }));
	}

	async run(): Promise<INodeExecutionData[]> {
		if (!this.continueOnFail) this.refuseBadInput();
		const pending: Array<[index: number, item: Pending]> = [];
		for (const [index, item] of this.items.entries())
			if ('settled' in item) this.repeatResult(item.settled, index);
			else pending.push([index, item]);
		const queue = pending.values();
		const yieldTurn = startTurns();
		const work = async () => {
			for (const [index, item] of queue) {
				if (this.failure) return;
				await this.perform(item, index);
				await yieldTurn();
			}
		};
		await Promise.all(Array.from({ length: defaultLimits.maxInFlightPerRun }, work));
		if (this.failure) throw addSummary(this.failure, this.outcomes);
		return this.outputs.flat();
	}

	private refuseBadInput(): void {
		for (const [index, item] of this.items.entries())
			if ('error' in item) throw this.toThrown(item.error, index);
	}

	private repeatResult(settled: SettledItem, index: number): void {
		if ('output' in settled) this.succeed(settled.output, index);
		else this.fail(Object.assign(settled.error, settled.texts), index);
	}

	private async perform(item: Pending, index: number): Promise<void> {
		try {
			if ('error' in item) throw item.error;
			const output = await item.task(this.stop.signal);
			this.memory.set(index, { output });
			this.succeed(output, index);
		} catch (thrown) {
			this.fail(toNodeError(this.context, thrown, index), index);
		}
	}

	private succeed(output: IDataObject[], item: number): void {
		this.outputs[item] = output.map((json) => ({ json, pairedItem: { item } }));
		const id = output.length === 1 ? readId(output[0]) : undefined;
		this.outcomes[item] = { status: 'done', id, recordCount: output.length };
	}

	private fail(error: NodeError, index: number): void {
		const { message, description, context } = error;
		if (context.outcome !== undefined) this.outcomes[index] = { status: 'unknown' };
		if (context.outcome !== undefined)
			this.memory.set(index, { error, texts: { message, description } });
		if (this.continueOnFail && !this.context.getExecutionCancelSignal()?.aborted) {
			this.outputs[index] = [buildErrorItem(error, index)];
			return;
		}
		this.failure ??= this.toThrown(error, index);
		this.stop.abort();
	}

	private toThrown(error: NodeError, index: number): NodeError {
		if (isTool(this.context)) setMessage(error, composeMessage(error));
		return this.items.length > 1 ? addItemNumber(error, index) : error;
	}
}

function toNodeError(context: IExecuteFunctions, thrown: unknown, itemIndex: number): NodeError {
	if (thrown instanceof NodeApiError || thrown instanceof NodeOperationError) return thrown;
	if (thrown instanceof InvalidInputError || thrown instanceof UnknownTimezoneError) {
		const consequence =
			'consequence' in thrown ? thrown.consequence : 'Nothing was sent to Pocketsflow.';
		return new NodeOperationError(context.getNode(), thrown.message, {
			itemIndex,
			description: `${thrown.description} ${consequence}`,
		});
	}
	if (thrown instanceof Error)
		return new NodeOperationError(context.getNode(), thrown, { itemIndex });
	return new NodeApiError(context.getNode(), thrown as JsonObject, { itemIndex });
}

/** As a tool: a model gets only the message of an error (docs/n8n-engine.md#ai-tools). */
const isTool = (context: IExecuteFunctions) => context.getNode().type.endsWith('Tool');

const addItemNumber = (error: NodeError, item: number) =>
	setMessage(error, `${error.message} [item ${item}]`);

// As text: n8n shows nothing else of an item that failed alone, and its expressions can't read an
// item that holds an error object (docs/n8n-engine.md#errors-and-messages).
function buildErrorItem(error: NodeError, item: number): INodeExecutionData {
	const { message } = addItemNumber(setMessage(error, composeMessage(error)), item);
	return { json: { error: message }, pairedItem: { item } };
}

function addSummary(error: NodeError, outcomes: ItemOutcome[]): NodeError {
	error.description = [error.description, summarizeFailure(outcomes)].filter(Boolean).join(' ');
	return error;
}
