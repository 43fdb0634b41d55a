import {
	NodeConnectionTypes,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type NodeApiError,
	type NodeOperationError,
} from 'n8n-workflow';

import type { Effect } from '../api/request';

export type NodeError = NodeApiError | NodeOperationError;

/** What the request of an item came to, where it must not be sent again; texts without the item's number. */
export type SettledItem =
	| { output: IDataObject[] }
	| { error: NodeError; texts: Pick<NodeError, 'message' | 'description'> };

/** What earlier tries of the same run of a node came to, by the index of the item. */
export interface RunMemory {
	get(itemIndex: number): SettledItem | undefined;
	set(itemIndex: number, settled: SettledItem): void;
}

const noMemory: RunMemory = { get: () => undefined, set: () => {} };

/**
 * What became of each item while n8n's Retry On Fail runs a node again and again: n8n repeats all of its
 * items, also those that were done (docs/n8n-engine.md#retry-on-fail). An entry goes when n8n lets go of
 * the item, which is at the end of the run at the latest, so it needs no limit.
 */
export class RetryMemory {
	private readonly settledByInput = new WeakMap<object, Map<string, SettledItem>>();

	/**
	 * Opens what is kept for this run of this node: nothing unless Retry On Fail is on, and nothing for
	 * reads. An error of a change is not kept either, because sending it again does no harm.
	 */
	openRun(context: IExecuteFunctions, effect: Effect): RunMemory {
		const { id, retryOnFail } = context.getNode();
		if (retryOnFail !== true || effect === 'read') return noMemory;
		const { inputs, runIndex } = identifyRun(context);
		const key = `${id}:${runIndex}`;
		return {
			get: (itemIndex) => this.settledByInput.get(inputs[itemIndex])?.get(key),
			set: (itemIndex, settled) => {
				if ('error' in settled && effect !== 'create') return;
				const input = inputs[itemIndex];
				const byKey = this.settledByInput.get(input) ?? new Map<string, SettledItem>();
				this.settledByInput.set(input, byKey.set(key, settled));
			},
		};
	}
}

/** The memory that all action nodes of this process share. */
export const sharedRetryMemory = new RetryMemory();

/**
 * Identifies one run of a node, over all of its tries: n8n makes new item objects for each run and gives
 * the same ones to each try (docs/n8n-engine.md#retry-on-fail). For a tool it makes a new item and a new
 * run index for each try, but the arguments are one object for each call.
 */
function identifyRun(context: IExecuteFunctions): { inputs: object[]; runIndex: string } {
	const toolCalls: INodeExecutionData[] = context.getInputData(0, NodeConnectionTypes.AiTool);
	if (toolCalls.length > 0) return { inputs: toolCalls.map(({ json }) => json), runIndex: '' };
	const { $runIndex } = context.getWorkflowDataProxy(0);
	return { inputs: context.getInputData(), runIndex: String($runIndex) };
}
