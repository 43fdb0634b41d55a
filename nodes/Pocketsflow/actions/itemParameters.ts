import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { ListFilters } from '../api/lists';
import { isRecord } from '../api/responses';
import { checkDateRange } from '../fields/common';
import {
	InvalidInputError,
	type Collection,
	type CollectionValues,
	type Field,
} from '../fields/types';

/** Reads the parameters of one item as the fields define them. Every method throws InvalidInputError. */
export class ItemParameters {
	constructor(
		private readonly context: IExecuteFunctions,
		readonly itemIndex: number,
		private readonly collections: readonly Collection[] = [],
	) {}

	/** The value of a field, or undefined where it is not set. */
	get<T>(field: Field<T>): T | undefined {
		return this.read(field, field.property.name);
	}

	/** The value of a field that must be set. */
	require<T>(field: Field<T>): T {
		const value = this.get(field);
		if (value === undefined) throw new InvalidInputError(`${field.property.displayName} is empty`);
		return value;
	}

	/** The values of the collections' fields that are set, by their names at the API. */
	getOptional(): CollectionValues {
		const values: IDataObject = {};
		for (const { name, fields } of this.collections) {
			const given = this.context.getNodeParameter(name, this.itemIndex, {});
			if (!isRecord(given)) throw new InvalidInputError(`${name} must be an object`);
			for (const field of fields) {
				const key = field.property.name;
				const value = Object.hasOwn(given, key) ? this.read(field, `${name}.${key}`) : undefined;
				if (value !== undefined) values[key] = value as IDataObject[string];
			}
		}
		return values;
	}

	/** The same for an update, which must set some field: an empty one would change nothing. */
	requireChanges(): CollectionValues {
		const values = this.getOptional();
		if (Object.keys(values).length === 0) throw new InvalidInputError('No field to change is set');
		return values;
	}

	/** The same for the filters of a list, whose fields read nothing but texts, numbers and booleans. */
	getFilters(): ListFilters {
		return checkDateRange(this.getOptional()) as ListFilters;
	}

	private read<T>({ property, read }: Field<T>, path: string): T | undefined {
		const extractValue = property.type === 'resourceLocator';
		const raw = this.context.getNodeParameter(path, this.itemIndex, null, { extractValue });
		return read(raw, this.context.getTimezone());
	}
}
