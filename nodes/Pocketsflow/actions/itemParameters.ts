import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { ListFilters } from '../api/lists';
import { isRecord } from '../api/responses';
import {
	InvalidInputError,
	refuseMissing,
	type Collection,
	type CollectionValues,
	type Field,
} from '../fields/field';
import { checkDateRange } from '../fields/shared/collections';

/** Reads the parameters of one item as the fields define them. Every method can throw InvalidInputError. */
export class ItemParameters {
	constructor(
		private readonly context: IExecuteFunctions,
		readonly itemIndex: number,
		private readonly collections: readonly Collection[] = [],
	) {
		this.isTool = context.getNode().type.endsWith('Tool');
	}

	/** Whether an AI agent calls the node. To leave an argument unset, a model omits it or passes null. */
	private readonly isTool: boolean;

	/** The value of a field, or undefined if it is blank. */
	get<T>(field: Field<T>): T | undefined {
		const raw = this.getRaw(field.property.name);
		if (isMissing(raw) && this.isTool) return undefined;
		if (isMissing(raw)) throw refuseMissing(field.property.displayName);
		return this.read(field, raw);
	}

	require<T>(field: Field<T>): T {
		const value = this.read(field, this.getRaw(field.property.name));
		if (value === undefined)
			throw new InvalidInputError(
				`'${field.property.displayName}' is empty`,
				'Enter a value. If you use an expression, check that the field it reads exists.',
			);
		return value;
	}

	/** The values of all collection fields that are set, by their API names. */
	getOptional(): CollectionValues {
		return Object.assign({}, ...this.collections.map((one) => this.readCollection(one)));
	}

	/** The same for an update, which must set at least one field: an empty one would change nothing. */
	requireChanges(): CollectionValues {
		const values = this.getOptional();
		if (Object.keys(values).length === 0)
			throw new InvalidInputError(
				"'Update Fields' has no fields to change",
				"Select 'Add Field' under 'Update Fields' and enter the new value.",
			);
		return values;
	}

	/** The same for a list, whose filters read only text, numbers, and booleans. */
	getFilters(): ListFilters {
		return checkDateRange(this.getOptional()) as ListFilters;
	}

	private readCollection(collection: Collection): CollectionValues {
		const given = this.context.getNodeParameter(collection.name, this.itemIndex, {});
		const { displayName, fields } = collection;
		if (!isRecord(given))
			throw new InvalidInputError(
				`'${displayName}' must be an object`,
				'Use an expression that returns an object with field names as keys.',
			);
		const values = fields
			.filter(({ property }) => Object.hasOwn(given, property.name))
			.map((field) => [field.property.name, this.readOptional(collection, field, given)] as const);
		const isSet = ([, value]: readonly [string, unknown]) => value !== undefined;
		return Object.fromEntries(values.filter(isSet)) as CollectionValues;
	}

	private readOptional(collection: Collection, field: Field, given: IDataObject): unknown {
		const { property, emptyValue, mayBeMissing = this.isTool } = field;
		const raw = given[property.name];
		if (isMissing(raw) && mayBeMissing) return undefined;
		if (isMissing(raw)) throw refuseMissing(property.displayName, describeBlank(collection));
		const value = this.read(field, raw);
		if (value !== undefined || !collection.sendsEmpty) return value;
		if (emptyValue !== undefined) return emptyValue;
		throw new InvalidInputError(
			`'${property.displayName}' cannot be empty`,
			'Enter a value, or remove the field to keep the current one.',
		);
	}

	private read<T>({ read }: Field<T>, raw: unknown): T | undefined {
		return read(raw, this.context.getTimezone());
	}

	/** An empty string if it is not set, undefined or null if an expression returned nothing. */
	private getRaw(name: string): unknown {
		return this.context.getNodeParameter(name, this.itemIndex, '');
	}
}

/** Whether a parameter, or a resource locator, holds undefined or null. */
function isMissing(raw: unknown): boolean {
	const value = isRecord(raw) && '__rl' in raw ? raw.value : raw;
	return value === undefined || value === null;
}

const describeBlank = ({ sendsEmpty }: Collection) =>
	`To ${sendsEmpty ? 'clear the field' : 'leave the field out'}, return an empty string, as in {{ $json.name ?? '' }}`;
