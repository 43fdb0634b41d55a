import { jsonParse, type IDataObject } from 'n8n-workflow';

import { isRecord } from '../api/responses';
import { InvalidInputError, isUnset, textField, type Field, type Presentation } from './types';

/** A JSON object, sent as it is. */
export function jsonField(shown: Presentation): Field<IDataObject> {
	return {
		property: { type: 'json', default: '', ...shown },
		read(raw) {
			if (isUnset(raw)) return undefined;
			const value = parseJsonInput(shown.displayName, raw);
			if (!isRecord(value))
				throw new InvalidInputError(`${shown.displayName} must be a JSON object`);
			return Object.keys(value).length === 0 ? undefined : value;
		},
	};
}

/** Text, or a JSON object where the text is one. */
export function textOrJsonField(shown: Presentation): Field<string | IDataObject> {
	const asText = textField(shown);
	const asJson = jsonField(shown);
	return {
		property: asText.property,
		read: (raw) =>
			isRecord(raw) || (typeof raw === 'string' && raw.trim().startsWith('{'))
				? asJson.read(raw)
				: asText.read(raw),
	};
}

const invalidJson = Symbol('invalid JSON');

/** Parses JSON text; a value that is no text was parsed by an expression. @throws InvalidInputError */
export function parseJsonInput(displayName: string, raw: unknown): unknown {
	if (typeof raw !== 'string') return raw;
	const value = jsonParse<unknown>(raw, { fallbackValue: invalidJson });
	if (value === invalidJson) throw new InvalidInputError(`${displayName} is not valid JSON`);
	return value;
}
