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

/** By input item and run of a node. n8n lets go of the items at the end of the run at the latest. */
const settledByInput = new WeakMap<object, Map<string, SettledItem>>();

/**
 * Opens what is kept of this run of a node while n8n's Retry On Fail runs it repeatedly, each time with
 * all of its items (docs/n8n-engine.md#retry-on-fail): nothing for reads. An error of a change is not kept
 * either, because sending it again does no harm.
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
