import { NodeOperationError, type IDataObject, type IExecuteFunctions } from 'n8n-workflow';

import type { ListEndpoint } from '../api/lists';
import { isRecord, unwrapRecord } from '../api/responses';
import { limitField, returnAllField, simplifyField } from '../fields/common';
import { readList, readPages, type ReadPagesOptions } from '../transport/pagination';
import { send } from '../transport/send';
import { ItemParameters } from './itemParameters';
import type { Operation, RecordOutput, RecordSearch } from './operation';
import { simplifyRecord } from './simplify';

/** Does the work of one item and gives its output. `stop` ends it only while nothing was sent. */
export type Task = (stop: AbortSignal) => Promise<IDataObject[]>;

/**
 * Prepares the work of one item. All of its parameters are read here, so that bad input shows before
 * anything is sent for any item.
 * @throws InvalidInputError
 */
export function buildTask(
	context: IExecuteFunctions,
	operation: Operation,
	itemIndex: number,
): Task {
	const { response, effect } = operation;
	const item = new ItemParameters(context, itemIndex, operation.collections);
	const request = operation.request(item);
	const sendRequest = async (stop: AbortSignal) =>
		await send(context, request, effect, itemIndex, { stop });
	switch (response.kind) {
		case 'list': {
			const limit = item.get(returnAllField) ? undefined : item.require(limitField);
			const transform = buildTransform(response, item);
			return async (stop) => {
				const options = { request, limit, itemIndex, stop };
				return (await readList(context, response.list, options)).map(transform);
			};
		}
		case 'search': {
			const search = response.search(item);
			const transform = buildTransform(response, item);
			return async (stop) => {
				const options = { request, itemIndex, stop };
				return (await searchList(context, response.list, search, options)).map(transform);
			};
		}
		case 'record': {
			const transform = buildTransform(response, item);
			return async (stop) => [
				transform(unwrapRecord(await sendRequest(stop), response.recordKeys)),
			];
		}
		case 'deleted': {
			const id = item.require(response.id);
			return async (stop) => {
				await sendRequest(stop);
				return [{ deleted: true, id }];
			};
		}
		case 'message': {
			const output = response.output(item);
			return async (stop) => {
				const body = await sendRequest(stop);
				return [{ ...output, ...(isRecord(body) && body) }];
			};
		}
	}
}

/** Reads a list for the records that match. @throws NodeOperationError when none could be compared */
async function searchList(
	context: IExecuteFunctions,
	list: ListEndpoint,
	{ matches, isSearchable, firstOnly, describeUnsearchable }: RecordSearch,
	options: ReadPagesOptions,
): Promise<IDataObject[]> {
	const matching: IDataObject[] = [];
	let readCount = 0;
	let searchableCount = 0;
	const prefetch = firstOnly ? undefined : Infinity;
	for await (const { records } of readPages(context, list, { ...options, prefetch })) {
		readCount += records.length;
		searchableCount += records.filter(isSearchable).length;
		matching.push(...records.filter(matches));
		if (firstOnly && matching.length > 0) return matching.slice(0, 1);
	}
	if (searchableCount === 0 && readCount > 0) {
		const { message, description } = describeUnsearchable(readCount);
		const { itemIndex } = options;
		throw new NodeOperationError(context.getNode(), message, { description, itemIndex });
	}
	return matching;
}

/** How a record becomes output: simplified where the user wants it, without the hidden keys. */
function buildTransform(
	{ simplifiedKeys, hiddenKeys = [] }: RecordOutput,
	item: ItemParameters,
): (record: IDataObject) => IDataObject {
	if (simplifiedKeys !== undefined && item.get(simplifyField) === true)
		return (record) => simplifyRecord(record, simplifiedKeys);
	if (hiddenKeys.length === 0) return (record) => record;
	return (record) =>
		Object.fromEntries(Object.entries(record).filter(([key]) => !hiddenKeys.includes(key)));
}
