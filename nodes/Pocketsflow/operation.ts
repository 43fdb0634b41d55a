import type {
	IDataObject,
	IExecuteFunctions,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';

import { BadInput, type Field } from './input';
import type { Paging } from './transport/pages';
import type { Effect, PocketsflowRequest } from './transport/request';

/**
 * How an answer becomes output items. `simplified` names the keys that the Simplify parameter keeps.
 * - `record`: the one record, unwrapped from any of `wrappers` (contract H1)
 * - `list`: one item a record, read page by page; `keys` are where the array may stand (contract H2)
 * - `deleted`: `{ deleted: true, id }`
 * - `message`: what Pocketsflow said, with the id it was about
 */
export type AnswerShape =
	| { kind: 'record'; wrappers?: readonly string[]; simplified?: readonly string[] }
	| { kind: 'list'; paging: Paging; keys: readonly string[]; simplified?: readonly string[] }
	| { kind: 'deleted' }
	| { kind: 'message' };

/** One row of a resource's table: all there is to know about an operation. */
export interface Operation {
	/** What n8n shows: name, value, action, description. */
	option: INodePropertyOptions;
	/** The fields in the order of the panel. */
	fields: ReadonlyArray<Field>;
	/** Optional fields, shown as one collection. */
	optional?: { name: string; displayName: string; fields: ReadonlyArray<Field> };
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
	get<T>({ property, read }: Field<T>): T | undefined {
		const extractValue = property.type === 'resourceLocator';
		return read(this.context.getNodeParameter(property.name, this.index, undefined, { extractValue }));
	}

	/** The value of a field that must be set. */
	require<T>(field: Field<T>): T {
		const value = this.get(field);
		if (value === undefined) throw new BadInput(`${field.property.displayName} is empty`);
		return value;
	}

	/** The set values of the operation's optional fields, by the name that the API gives them. */
	optional(): IDataObject {
		const { optional } = this.operation;
		if (!optional) return {};
		const given = this.context.getNodeParameter(optional.name, this.index, {}) as IDataObject;
		const values: IDataObject = {};
		for (const { property, read } of optional.fields) {
			const value = Object.hasOwn(given, property.name) ? read(given[property.name]) : undefined;
			if (value !== undefined) values[property.name] = value as IDataObject[string];
		}
		return values;
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
	const fields = new Map<Field, string[]>();
	for (const operation of operations) {
		for (const field of operation.fields)
			fields.set(field, [...(fields.get(field) ?? []), String(operation.option.value)]);
	}
	const shownFor = (property: INodeProperties, operation: string[]): INodeProperties =>
		Object.assign({}, property, {
			displayOptions: { show: { resource, operation, ...property.displayOptions?.show } },
		});
	return [
		{
			displayName: 'Operation',
			name: 'operation',
			type: 'options',
			noDataExpression: true,
			displayOptions: { show: { resource } },
			options: operations.map((operation) => operation.option),
			default: operations[0].option.value,
		},
		...[...fields].map(([field, shown]) => shownFor(field.property, shown)),
		...operations.flatMap(({ option: { value }, optional }) =>
			optional
				? [
						shownFor(
							{
								displayName: optional.displayName,
								name: optional.name,
								type: 'collection',
								placeholder: optional.displayName.startsWith('Filter') ? 'Add Filter' : 'Add Field',
								default: {},
								options: [...optional.fields]
									.map(({ property }) => property)
									.sort((a, b) => a.displayName.localeCompare(b.displayName)),
							},
							[String(value)],
						),
					]
				: [],
		),
	];
}
