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

/** What a request led to that must not be sent again; texts without the item's number. */
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
 * The memory of this node run while n8n's Retry On Fail repeats it, each time with all items
 * (docs/n8n-engine.md#retry-on-fail). Reads and failed changes do no harm and are not kept.
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
 * Identifies a run across its tries by its input items. For a tool, n8n creates a new item and run
 * index for each try, but each call has one arguments object.
 */
function identifyRun(context: IExecuteFunctions): { inputs: object[]; runIndex: string } {
	const toolCalls: INodeExecutionData[] = context.getInputData(0, NodeConnectionTypes.AiTool);
	if (toolCalls.length > 0) return { inputs: toolCalls.map(({ json }) => json), runIndex: '' };
	const { $runIndex } = context.getWorkflowDataProxy(0);
	return { inputs: context.getInputData(), runIndex: String($runIndex) };
}
