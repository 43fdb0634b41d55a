import type { IDataObject } from 'n8n-workflow';

import type { ListEndpoint } from '../api/lists';
import { path } from '../api/request';
import type { Collection, CollectionValues, Field } from '../fields/field';
import { buildAdditionalFields, buildUpdateFields } from '../fields/shared/collections';
import { simplifyField } from '../fields/shared/output';
import { limitField, returnAllField } from '../fields/shared/paging';
import { deletionDenial } from './denial';
import type { FilterChecks } from './filterChecks';
import type { ItemParameters } from './itemParameters';
import type { ListOperation, RecordOutput, RequestOperation } from './operation';

/** A kind of record: what all operations on it share. */
interface RecordKind extends RecordOutput {
	/** What users call one of them. With an s, it is the plural. */
	noun: string;
	/** One of `lists`, or the path of records that have no list. */
	endpoint: Pick<ListEndpoint, 'path' | 'recordKeys'>;
	/** Selects a record. Without it, there is only one, at the path itself. */
	field?: Field<string>;
	notices?: readonly Field[];
}

/** The usual operations on a kind of record, as rows of its table. */
export class RecordOperations<K extends RecordKind> {
	constructor(private readonly kind: K) {}

	create(
		description: string,
		settings: Pick<RequestOperation, 'fields' | 'denial' | 'hint'> & {
			action?: string;
			additional: readonly Field[];
			body(item: ItemParameters): IDataObject;
			requires?: 'url';
		},
	): RequestOperation {
		const { noun, endpoint, simplifiedKeys } = this.kind;
		const { action = `Create ${noun}`, fields, additional, body, requires, ...checks } = settings;
		return {
			option: { name: 'Create', value: 'create', action, description },
			fields: listGiven(...fields, simplifiedKeys && simplifyField),
			collections: [buildAdditionalFields(...additional)],
			request: (item) => ({ method: 'POST', path: endpoint.path, body: body(item) }),
			...checks,
			effect: 'create',
			response: { kind: 'record', recordKeys: endpoint.recordKeys, requires },
			simplifiedKeys,
		};
	}

	delete(
		this: RecordOperations<RecordKind & { field: Field<string> }>,
		description: string,
	): RequestOperation {
		const { noun, field } = this.kind;
		const action = `Delete ${noun} permanently`;
		return {
			option: { name: 'Delete', value: 'delete', action, description },
			fields: [field],
			request: (item) => ({ method: 'DELETE', path: this.buildPath(item) }),
			denial: deletionDenial,
			effect: 'change',
			response: {
				kind: 'deleted',
				output: (item) => ({ deleted: true, id: item.require(field) }),
			},
		};
	}

	get(description = `Get one ${this.kind.noun}`): RequestOperation {
		const { noun, endpoint, field, notices = [], simplifiedKeys, hidesSecrets } = this.kind;
		return {
			option: { name: 'Get', value: 'get', action: `Get ${noun}`, description },
			fields: listGiven(field, simplifiedKeys && simplifyField, ...notices),
			request: (item) => ({ method: 'GET', path: this.buildPath(item) }),
			effect: 'read',
			response: {
				kind: 'record',
				recordKeys: endpoint.recordKeys,
				...(field && { id: (item) => item.require(field) }),
			},
			simplifiedKeys,
			hidesSecrets,
		};
	}

	/** Reads the list, in full or up to a limit. Without collections, it has no filters. */
	getMany(
		this: RecordOperations<RecordKind & { endpoint: ListEndpoint }>,
		description = `Get the ${this.kind.noun}s of the account`,
		collections?: readonly Collection[],
		filterChecks?: FilterChecks,
	): ListOperation {
		const { noun, endpoint, notices = [], simplifiedKeys, hidesSecrets } = this.kind;
		const action = `Get many ${noun}s`;
		return {
			option: { name: 'Get Many', value: 'getAll', action, description },
			fields: listGiven(returnAllField, limitField, simplifiedKeys && simplifyField, ...notices),
			collections,
			effect: 'read',
			list: endpoint,
			filterChecks,
			simplifiedKeys,
			hidesSecrets,
		};
	}

	/**
	 * @param settings.folder the path up to the ID, if it is not the endpoint's
	 * @param settings.body what is sent for the changes, if it is not the changes
	 */
	update(
		description: string,
		settings: {
			changes: readonly Field[];
			method?: 'POST' | 'PUT';
			folder?: string;
			simplifiedKeys?: RecordOutput['simplifiedKeys'];
			body?(changes: CollectionValues): IDataObject;
		},
	): RequestOperation {
		const { noun, endpoint, field, hidesSecrets } = this.kind;
		const { changes, method = 'POST', folder, body = (values) => values } = settings;
		const { simplifiedKeys = this.kind.simplifiedKeys } = settings;
		return {
			option: { name: 'Update', value: 'update', action: `Update ${noun}`, description },
			fields: listGiven(field, simplifiedKeys && simplifyField),
			collections: [buildUpdateFields(...changes)],
			request: (item) => ({
				method,
				path: this.buildPath(item, folder),
				body: body(item.requireChanges()),
			}),
			effect: 'change',
			response: { kind: 'record', recordKeys: endpoint.recordKeys },
			simplifiedKeys,
			hidesSecrets,
		};
	}

	private buildPath(item: ItemParameters, folder = this.kind.endpoint.path): string {
		const { field } = this.kind;
		return folder + (field ? path`/${item.require(field)}` : '');
	}
}

const listGiven = (...fields: Array<Field | undefined>): Field[] =>
	fields.filter((field) => field !== undefined);
