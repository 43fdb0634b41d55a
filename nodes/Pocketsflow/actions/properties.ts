import type { INodeProperties } from 'n8n-workflow';

import type { Collection, Field } from '../fields/field';
import type { Operation, Resource } from './operation';

/** The panel: the two selectors, then the fields and collections of each resource. */
export function buildProperties(resources: readonly Resource[]): INodeProperties[] {
	return [
		{
			displayName: 'Resource',
			name: 'resource',
			type: 'options',
			noDataExpression: true,
			options: resources.map(({ option }) => option),
			default: 'checkoutSession',
		},
		...resources.flatMap(buildResourceProperties),
	];
}

/** An expression that returns the names of the operation and the resource, as in `Get Many: Order`. */
export function buildSubtitle(resources: readonly Resource[]): string {
	const operations = resources.flatMap((resource) => resource.operations);
	const names = (rows: ReadonlyArray<Pick<Resource, 'option'>>) =>
		JSON.stringify(Object.fromEntries(rows.map(({ option }) => [option.value, option.name])));
	return `={{ (${names(operations)})[$parameter["operation"]] + ": " + (${names(resources)})[$parameter["resource"]] }}`;
}

function buildResourceProperties({ option, operations }: Resource): INodeProperties[] {
	const resource = [option.value];
	const showIn = (property: INodeProperties, shownIn: Operation[]): INodeProperties => {
		const operation = shownIn.map((row) => row.option.value);
		const show = { resource, operation, ...property.displayOptions?.show };
		return Object.assign({}, property, { displayOptions: { ...property.displayOptions, show } });
	};
	const initial = findSafest(operations).option.value;
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
		...sortForPanel(operations).map((field) =>
			showIn(
				field.property,
				operations.filter(({ fields }) => fields.includes(field)),
			),
		),
		...operations.flatMap((operation) =>
			(operation.collections ?? []).map((collection) =>
				showIn(buildCollectionProperty(collection), [operation]),
			),
		),
	];
}

/** The fields of all operations, each once, in an order that fits every operation. */
function sortForPanel(operations: readonly Operation[]): Field[] {
	const rest = new Set(operations.flatMap(({ fields }) => fields));
	const ordered: Field[] = [];
	while (rest.size > 0) {
		const queues = operations.map(({ fields }) => fields.filter((field) => rest.has(field)));
		const isNext = (field: Field) =>
			queues.every((queue) => queue[0] === field || !queue.includes(field));
		const fields = [...rest];
		const next = fields.find(isNext) ?? fields[0];
		rest.delete(next);
		ordered.push(next);
	}
	return ordered;
}

/** The operation that a new node starts with: one that only reads, if there is one. */
function findSafest(operations: readonly Operation[]): Operation {
	const reads = operations.filter(({ effect }) => effect === 'read');
	return reads.find((row) => 'list' in row && !row.search) ?? reads[0] ?? operations[0];
}

function buildCollectionProperty(collection: Collection): INodeProperties {
	const { name, displayName, addButton, description, fields } = collection;
	return {
		displayName,
		name,
		type: 'collection',
		placeholder: addButton,
		description,
		default: {},
		options: fields
			.map(({ property }) => ({ ...property, required: undefined }))
			.sort((a, b) => compareNames(a.displayName, b.displayName)),
	};
}

// The first `localeCompare` of a process takes 10 ms to load a collator. Display names are ASCII.
const compareNames = (a: string, b: string): number => (a.toLowerCase() < b.toLowerCase() ? -1 : 1);
