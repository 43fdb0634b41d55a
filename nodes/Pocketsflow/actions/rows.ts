import type { INodePropertyOptions } from 'n8n-workflow';

import { buildListRequest, type ListEndpoint } from '../api/lists';
import { path } from '../api/request';
import { simplifyField } from '../fields/shared/output';
import { limitField, returnAllField } from '../fields/shared/paging';
import type { Collection, Field } from '../fields/field';
import { deletionDenial } from './denial';
import type { RecordOutput, RequestOperation } from './operation';

/** What the panel says about a row. */
type Texts = Pick<INodePropertyOptions, 'action' | 'description'>;

interface RowSettings extends Texts, RecordOutput {
	list: ListEndpoint;
	notices?: readonly Field[];
}

const listOutputFields = ({ simplifiedKeys, notices = [] }: RowSettings): Field[] => [
	...(simplifiedKeys ? [simplifyField] : []),
	...notices,
];

export const buildGetRow = (settings: RowSettings & { field: Field<string> }): RequestOperation => {
	const { action, description, field, list, simplifiedKeys, hiddenKeys } = settings;
	return {
		option: { name: 'Get', value: 'get', action, description },
		fields: [field, ...listOutputFields(settings)],
		request: (item) => ({
			method: 'GET',
			path: `${list.path}${path`/${item.require(field)}`}`,
		}),
		effect: 'read',
		response: { kind: 'record', recordKeys: list.recordKeys, simplifiedKeys, hiddenKeys },
	};
};

/** Reads a list, in full or up to a limit. Without collections, it has no filters. */
export const buildGetManyRow = (
	settings: RowSettings & { collections?: readonly Collection[] },
): RequestOperation => {
	const { action, description, list, collections, simplifiedKeys, hiddenKeys } = settings;
	return {
		option: { name: 'Get Many', value: 'getAll', action, description },
		fields: [returnAllField, limitField, ...listOutputFields(settings)],
		collections,
		request: (item) => buildListRequest(list, collections && item.getFilters()),
		effect: 'read',
		response: { kind: 'list', list, simplifiedKeys, hiddenKeys },
	};
};

/** Deletes the record with an ID, which is the last segment of the path. */
export const buildDeleteRow = ({
	action,
	description,
	field,
	path: folder,
}: Texts & { field: Field<string>; path: string }): RequestOperation => ({
	option: { name: 'Delete', value: 'delete', action, description },
	fields: [field],
	request: (item) => ({ method: 'DELETE', path: `${folder}${path`/${item.require(field)}`}` }),
	denial: deletionDenial,
	effect: 'change',
	response: { kind: 'deleted', id: field },
});
