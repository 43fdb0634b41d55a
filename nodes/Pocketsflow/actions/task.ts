import { NodeOperationError, type IDataObject, type IExecuteFunctions } from 'n8n-workflow';

import { readApiDate } from '../api/dates';
import { buildListRequest, type ListEndpoint } from '../api/lists';
import { path } from '../api/request';
import { hasId, hasUrl, isRecord, listValues, readId, unwrapRecord } from '../api/responses';
import { simplifyField } from '../fields/shared/output';
import { defaultLimit, limitField, returnAllField } from '../fields/shared/paging';
import { isNotFound } from '../transport/errors';
import { readList, readPages, type ReadPagesOptions } from '../transport/pagination';
import { send } from '../transport/send';
import { mapInTurns } from '../transport/turns';
import { isDenied, requestDenial } from './denial';
import { buildFilterCheck } from './filterChecks';
import { ItemParameters } from './itemParameters';
import type {
	ListOperation,
	Lookup,
	Operation,
	RecordOutput,
	RecordSearch,
	RequestOperation,
	Task,
} from './operation';
import { removeSecrets } from './secrets';
import { simplifyRecord } from './simplify';

/** Reads all parameters of an item, before anything is sent for any. @throws InvalidInputError */
export function buildTask(
	context: IExecuteFunctions,
	operation: Operation,
	itemIndex: number,
): Task {
	const item = new ItemParameters(context, itemIndex, operation.collections);
	if ('prepare' in operation) return operation.prepare(context, item);
	return 'list' in operation
		? buildListTask(context, operation, item)
		: buildRequestTask(context, operation, item);
}

function buildListTask(
	context: IExecuteFunctions,
	operation: ListOperation,
	item: ItemParameters,
): Task {
	const { list, collections } = operation;
	const search = operation.search?.(item);
	const filters = collections && item.getFilters();
	const request = buildListRequest(list, filters);
	const keeps = buildFilterCheck(operation.filterChecks, filters);
	const isWhole = search !== undefined || item.get(returnAllField);
	const limit = isWhole ? undefined : (item.get(limitField) ?? defaultLimit);
	const transform = buildTransform(operation, item);
	return async (stop) => {
		const options = { request, itemIndex: item.itemIndex, stop };
		const records = search
			? await searchList(context, list, search, { ...options, keeps })
			: await readList(context, list, { ...options, limit, keeps });
		return await mapInTurns(records, transform);
	};
}

function buildRequestTask(
	context: IExecuteFunctions,
	operation: RequestOperation,
	item: ItemParameters,
): Task {
	const { effect, response, denial = effect === 'read' ? undefined : requestDenial } = operation;
	const recordKeys = response.kind === 'record' ? response.recordKeys : [];
	const { itemIndex } = item;
	const built = operation.request(item);
	const { isUsable, toOutput } = prepareOutput(operation, item);
	return async (stop) => {
		const request =
			typeof built === 'function' ? await built(buildLookup(context, itemIndex, stop)) : built;
		const answer = await send(context, request, effect, itemIndex, { stop, isUsable });
		if (denial && isDenied(answer, denial, recordKeys)) {
			const { message, description = checkThere } = denial;
			const error = new NodeOperationError(context.getNode(), message, { description, itemIndex });
			// The request was processed. Whether to send it again is the user's decision.
			if (effect !== 'read') error.context.outcome = 'denied';
			throw error;
		}
		giveHint(context, operation.hint?.(request));
		return [toOutput(answer)];
	};
}

const checkThere = 'Check what happened in the Pocketsflow dashboard, then try again.';

function prepareOutput(
	operation: RequestOperation,
	item: ItemParameters,
): { isUsable?(answer: unknown): boolean; toOutput(answer: unknown): IDataObject } {
	const { response } = operation;
	const transform = buildTransform(operation, item);
	if (response.kind !== 'record') {
		const output = response.output(item);
		const isMerged = response.kind === 'message';
		return {
			toOutput: (answer) => transform({ ...output, ...(isMerged && isRecord(answer) && answer) }),
		};
	}
	const { recordKeys, requires = 'id' } = response;
	const id = response.id?.(item);
	const isRequested = (record: IDataObject) => id === undefined || isIdentifiedBy(record, id);
	return {
		isUsable(answer) {
			const record = unwrapRecord(answer, recordKeys);
			return isComplete[requires](record) && isRequested(record);
		},
		toOutput: (answer) => transform(unwrapRecord(answer, recordKeys)),
	};
}

const hinted = new WeakSet<IExecuteFunctions>();

/** Shows a hint with the output of the node, once per run however many items it concerns. */
function giveHint(context: IExecuteFunctions, message: string | undefined): void {
	if (message === undefined || hinted.has(context)) return;
	hinted.add(context);
	context.addExecutionHints({ message, type: 'warning', location: 'outputPane' });
}

function buildLookup(
	context: IExecuteFunctions,
	itemIndex: number | undefined,
	stop: AbortSignal,
): Lookup {
	return {
		ask: async (request) =>
			await send(context, request, 'read', itemIndex, { stop }).catch((error: unknown) => {
				if (!isNotFound(error)) throw error;
			}),
		async find(list, matches) {
			const request = buildListRequest(list);
			for await (const { records } of readPages(context, list, { request, itemIndex, stop })) {
				const record = records.find(matches);
				if (record) return record;
			}
			return undefined;
		},
	};
}

const isComplete = { id: hasId, url: hasUrl };

type SearchOptions = ReadPagesOptions & {
	stop: AbortSignal;
	keeps?(record: IDataObject): boolean;
};

/** Reads a list for matching records. @throws NodeOperationError if none could be compared */
async function searchList(
	context: IExecuteFunctions,
	list: ListEndpoint,
	{ matches, isSearchable, isFilled, firstOnly, describeUnsearchable }: RecordSearch,
	{ keeps = () => true, ...options }: SearchOptions,
): Promise<IDataObject[]> {
	const matching: IDataObject[] = [];
	let readCount = 0;
	let searchableCount = 0;
	let hasData = false;
	let newest: IDataObject | undefined;
	const prefetch = firstOnly ? undefined : Infinity;
	for await (const { records } of readPages(context, list, { ...options, prefetch })) {
		readCount += records.length;
		searchableCount += records.filter(isSearchable).length;
		hasData ||= records.some(isFilled);
		for (const record of records)
			if (!newest || readCreationMs(record) > readCreationMs(newest)) newest = record;
		matching.push(...records.filter((record) => matches(record) && keeps(record)));
		if (firstOnly && matching.length > 0) return matching.slice(0, 1);
	}
	const { itemIndex, stop } = options;
	const isLeftOut = async (record: IDataObject) => {
		const request = { method: 'GET', path: list.path + path`/${readId(record) ?? ''}` } as const;
		const answer = await buildLookup(context, itemIndex, stop).ask(request);
		return isFilled(unwrapRecord(answer, list.recordKeys));
	};
	// A list that shows no data at all may leave it out. One record, read alone, tells.
	if (
		newest &&
		!hasData &&
		(searchableCount === 0 || (hasId(newest) && (await isLeftOut(newest))))
	) {
		const { message, description } = describeUnsearchable(readCount);
		throw new NodeOperationError(context.getNode(), message, { description, itemIndex });
	}
	return matching;
}

/** Whether a record has this ID, or another value that can identify it, such as its slug. */
function isIdentifiedBy(record: IDataObject, id: string): boolean {
	const isSame = (value: unknown) =>
		['string', 'number'].includes(typeof value) &&
		String(value).trim().toLowerCase() === id.toLowerCase();
	return listValues(record).some((value) => isSame(value) || listValues(value).some(isSame));
}

const readCreationMs = ({ createdAt }: IDataObject) => readApiDate(createdAt) ?? 0;

type Transform = (record: IDataObject) => IDataObject;

const keepAll: Transform = (record) => record;

/** How a record becomes output: without its secrets, then simplified if the user wants that. */
function buildTransform(
	{ simplifiedKeys, hidesSecrets }: RecordOutput,
	item: ItemParameters,
): Transform {
	const reduce: Transform =
		simplifiedKeys && (item.get(simplifyField) ?? true)
			? (record) => simplifyRecord(record, simplifiedKeys)
			: keepAll;
	return hidesSecrets ? (record) => reduce(removeSecrets(record)) : reduce;
}
