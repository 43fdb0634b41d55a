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

/**
 * The result of an item's request if it must not be sent again. The texts are without the item's number.
 */
export type SettledItem =
	| { output: IDataObject[] }
	| { error: NodeError; texts: Pick<NodeError, 'message' | 'description'> };

/** The results of earlier tries of the same node run, by item index. */
export interface RunMemory {
	get(itemIndex: number): SettledItem | undefined;
	set(itemIndex: number, settled: SettledItem): void;
}

const noMemory: RunMemory = { get: () => undefined, set: () => {} };

/** By input item and node run. n8n releases the items at the end of the run at the latest. */
const settledByInput = new WeakMap<object, Map<string, SettledItem>>();

/**
 * Opens the memory of this node run while n8n's Retry On Fail repeats it, each time with all items
 * (docs/n8n-engine.md#retry-on-fail). Reads are not kept. Neither are failed changes, because sending them
 * again does no harm.
 */
export function openRun(context: IExecuteFunctions, effect: Effect): RunMemory {
	const { id, retryOnFail } = context.getNode();
	if (retryOnFail !== true || effect === 'read') return noMemory;
	const { inputs, runIndex } = identifyRun(context);
	const key = `${id}:${runIndex}`;
	return {
		get: (itemIndex) => settledByInput.get(inputs[itemIndex])?.get(key),
		set: (itemIndex, settled) => {
			if ('error' in settled && effect !== 'create') return;
			const input = inputs[itemIndex];
			const byKey = settledByInput.get(input) ?? new Map<string, SettledItem>();
			settledByInput.set(input, byKey.set(key, settled));
		},
	};
}

/**
 * Identifies one node run across all its tries: n8n creates new item objects for each run and passes the
 * same ones to each try (docs/n8n-engine.md#retry-on-fail). For a tool, n8n creates a new item and a new
 * run index for each try, but each call has one arguments object.
 */
function identifyRun(context: IExecuteFunctions): { inputs: object[]; runIndex: string } {
	const toolCalls: INodeExecutionData[] = context.getInputData(0, NodeConnectionTypes.AiTool);
	if (toolCalls.length > 0) return { inputs: toolCalls.map(({ json }) => json), runIndex: '' };
	const { $runIndex } = context.getWorkflowDataProxy(0);
	return { inputs: context.getInputData(), runIndex: String($runIndex) };
}
