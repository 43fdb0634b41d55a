import type {
	IDataObject,
	IExecuteFunctions,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';

import { BadInput, type Field } from '../fields/types';
import type { Kept } from './simplify';
import { isRecord } from '../api/responses';
import type { Listing } from '../api/lists';
import type { Effect, PocketsflowRequest } from '../api/request';

/**
 * How an answer becomes output items.
 * - `record`: the one record, unwrapped from any of `wrappers` (contract H1)
 * - `list`: one item a record, read page by page; `keys` are where the array may stand (contract H2)
 * - `search`: the records of a list that match, where the API itself cannot search
 * - `deleted`: `{ deleted: true, id }`
 * - `message`: what Pocketsflow said, after what it was said about
 */
export type AnswerShape =
	| ({ kind: 'record'; wrappers?: readonly string[] } & Shaping)
	| ({ kind: 'list' } & Listing & Shaping)
	| ({ kind: 'search'; search(item: ItemParameters): Search } & Listing & Shaping)
	| { kind: 'deleted'; id: Field<string> }
	| { kind: 'message'; about(item: ItemParameters): IDataObject };

export interface Shaping {
	/** What the Simplify parameter keeps. */
	simplified?: readonly Kept[];
	/** Keys that are never put out. */
	hidden?: readonly string[];
}

export interface Search {
	matches(record: IDataObject): boolean;
	/** Whether the record holds what is searched in. If none does, finding nothing proves nothing. */
	isSearchable(record: IDataObject): boolean;
	/** Whether the first match is enough. */
	first: boolean;
	/** What to tell the operator when no record was searchable. */
	nothingSearchable(read: number): { message: string; description: string };
}

/** Optional fields that are shown as one collection. */
export interface Collection {
	name: string;
	displayName: string;
	addButton: string;
	fields: readonly Field[];
}

/** One row of a resource's table: all there is to know about an operation. */
export interface Operation {
	/** What n8n shows: name, value, action, description. */
	option: INodePropertyOptions;
	/** The fields in the order of the panel. */
	fields: readonly Field[];
	/** Optional fields, each as its name at the API. */
	collections?: readonly Collection[];
	/** Builds the request from the item's parameters; pure, throws BadInput. */
	request(item: ItemParameters): PocketsflowRequest;
	effect: Effect;
	answer: AnswerShape;
}

export interface Resource {
	option: INodePropertyOptions;
	operations: readonly Operation[];
}

/** Reads the parameters of one item as the fields define them. */
export class ItemParameters {
	constructor(
		private readonly context: IExecuteFunctions,
		readonly index: number,
		private readonly operation: Operation,
	) {}

	/** The value of a field, or undefined where it is not set. */
	get<T>(field: Field<T>): T | undefined {
		return this.read(field, field.property.name);
	}

	/** The value of a field that must be set. */
	require<T>(field: Field<T>): T {
		const value = this.get(field);
		if (value === undefined) throw new BadInput(`${field.property.displayName} is empty`);
		return value;
	}

	/** The set values of the operation's collections, by the name that the API gives them. */
	optional(): Record<string, IDataObject[string]> {
		const values: IDataObject = {};
		for (const { name, fields } of this.operation.collections ?? []) {
			const given = this.context.getNodeParameter(name, this.index, {});
			if (!isRecord(given)) throw new BadInput(`${name} must be an object`);
			for (const field of fields) {
				const key = field.property.name;
				const value = Object.hasOwn(given, key) ? this.read(field, `${name}.${key}`) : undefined;
				if (value !== undefined) values[key] = value as IDataObject[string];
			}
		}
		return values;
	}

	/** The set values of the collections of an update, which without any would change nothing. */
	changes(): IDataObject {
		const values = this.optional();
		if (Object.keys(values).length === 0) throw new BadInput('No field to change is set');
		return values;
	}

	private read<T>({ property, read }: Field<T>, path: string): T | undefined {
		const extractValue = property.type === 'resourceLocator';
		const raw = this.context.getNodeParameter(path, this.index, null, { extractValue });
		return read(raw, this.context.getTimezone());
	}
}

/** The node properties of all resources: selectors, fields and collections with their visibility. */
export function propertiesOf(resources: readonly Resource[]): INodeProperties[] {
	return [
		{
			displayName: 'Resource',
			name: 'resource',
			type: 'options',
			noDataExpression: true,
			options: resources.map(({ option }) => option),
			default: 'checkoutSession',
		},
		...resources.flatMap(propertiesOfResource),
	];
}

function propertiesOfResource({ option, operations }: Resource): INodeProperties[] {
	const resource = [option.value];
	const shownFor = (property: INodeProperties, operation: string[]): INodeProperties =>
		Object.assign({}, property, {
			displayOptions: { show: { resource, operation, ...property.displayOptions?.show } },
		});
	const initial = safestOf(operations).option.value;
	return [
		{
			displayName: 'Operation',
			name: 'operation',
			type: 'options',
			noDataExpression: true,
			displayOptions: { show: { resource } },
			options: operations.map((operation) => operation.option),
			default: initial,
		},
		...inPanelOrder(operations).map((field) =>
			shownFor(
				field.property,
				operations
					.filter(({ fields }) => fields.includes(field))
					.map((operation) => String(operation.option.value)),
			),
		),
		...operations.flatMap(({ option, collections = [] }) =>
			collections.map((collection) =>
				shownFor(collectionProperty(collection), [String(option.value)]),
			),
		),
	];
}

/** The fields of all operations, each once, in an order that agrees with that of every operation. */
function inPanelOrder(operations: readonly Operation[]): Field[] {
	const rest = new Set(operations.flatMap(({ fields }) => fields));
	const ordered: Field[] = [];
	while (rest.size > 0) {
		const isNext = (field: Field) =>
			operations.every(
				({ fields }) =>
					!fields.slice(0, Math.max(0, fields.indexOf(field))).some((one) => rest.has(one)),
			);
		const [next] = [...[...rest].filter(isNext), ...rest];
		rest.delete(next);
		ordered.push(next);
	}
	return ordered;
}

/** What a panel opens with: an operation that only reads, where there is one. */
function safestOf(operations: readonly Operation[]): Operation {
	const reads = operations.filter(({ effect }) => effect === 'read');
	return reads.find(({ answer }) => answer.kind === 'list') ?? reads[0] ?? operations[0];
}

function collectionProperty({ name, displayName, addButton, fields }: Collection): INodeProperties {
	return {
		displayName,
		name,
		type: 'collection',
		placeholder: addButton,
		default: {},
		options: fields
			.map(({ property }) => ({ ...property, required: undefined }))
			.sort((a, b) => a.displayName.localeCompare(b.displayName)),
	};
}
