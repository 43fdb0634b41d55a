import type { IBinaryData, IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { isRecord } from '../api/responses';
import type { DeliveryHeaders } from '../events/delivery';
import { simplifyField } from '../fields/shared/output';
import { jsonField } from '../fields/kinds/json';
import { InvalidInputError, showFor, type Field } from '../fields/field';
import { choiceField } from '../fields/kinds/choice';
import type { ItemParameters } from './itemParameters';
import type { Task } from './operation';
import { getAtPath } from './simplify';

const bodyFromField = choiceField({
	displayName: 'Body From',
	name: 'bodyFrom',
	description: 'Where to find the body of the delivery, exactly as it was sent',
	options: [
		{
			name: 'Binary Field',
			value: 'binary',
			description: "The output of n8n's Webhook node with the option Raw Body",
		},
		{
			name: 'Text',
			value: 'text',
			description: 'Text, for example from a queue or another service',
		},
	],
});

const binaryFieldField: Field<unknown> = showFor(
	{ bodyFrom: ['binary'] },
	{
		property: {
			displayName: 'Input Binary Field',
			name: 'binaryField',
			type: 'string',
			required: true,
			default: 'data',
			description: 'The name of the input binary field that contains the body',
		},
		read: (raw) => (typeof raw === 'string' ? raw.trim() || undefined : (raw ?? undefined)),
	},
);

/** Text that keeps all whitespace, because every byte is signed. */
const bodyField: Field<string> = showFor(
	{ bodyFrom: ['text'] },
	{
		property: {
			displayName: 'Body',
			name: 'body',
			type: 'string',
			required: true,
			default: '',
			typeOptions: { rows: 4 },
			placeholder: 'e.g. {{ $json.body }}',
			description: 'The body exactly as it was sent, before any parsing',
		},
		read: (raw) => (raw === '' ? undefined : typeof raw === 'string' ? raw : JSON.stringify(raw)),
	},
);

const headersField = jsonField(
	{
		displayName: 'Headers',
		name: 'headers',
		required: true,
		default: '={{ $json.headers }}',
		description:
			'The headers of the delivery. The node reads X-Pocketsflow-Signature, X-Pocketsflow-Event, and X-Pocketsflow-Timestamp, in upper or lower case.',
	},
	'{"x-pocketsflow-signature": "5d41…"}',
);

export const verifyDeliveryFields = [
	bodyFromField,
	binaryFieldField,
	bodyField,
	headersField,
	simplifyField,
] as const;

/** The same check and item as in the Pocketsflow Trigger, for a delivery from another node. */
export function prepareVerification(context: IExecuteFunctions, item: ItemParameters): Task {
	const { itemIndex } = item;
	const headers = lowerCaseKeys(item.require(headersField));
	const simplify = item.get(simplifyField) ?? true;
	const readBody = prepareBody(context, item);
	return async () => {
		const { checkDelivery } = await import('./checkDelivery');
		return [await checkDelivery(context, await readBody(), headers, { simplify, itemIndex })];
	};
}

function lowerCaseKeys(headers: IDataObject): DeliveryHeaders {
	// API gateways pass each header as a list, usually with one value.
	const read = (value: unknown) =>
		Array.isArray(value) ? [...new Set(value.map(String))].join(', ') : String(value);
	return Object.fromEntries(
		Object.entries(headers).map(([name, value]) => [name.toLowerCase(), read(value)]),
	);
}

function prepareBody(context: IExecuteFunctions, item: ItemParameters): () => Promise<Uint8Array> {
	const { itemIndex } = item;
	if (item.get(bodyFromField) === 'text') {
		const rawBody = Buffer.from(item.require(bodyField), 'utf8');
		return async () => rawBody;
	}
	const file = findFile(context.getInputData()[itemIndex], item.require(binaryFieldField));
	return async () => await context.helpers.getBinaryDataBuffer(itemIndex, file);
}

/** Whether a value is a file as n8n keeps it: with its data, or with the ID of the stored data. */
const isFile = (value: unknown): value is IBinaryData =>
	isRecord(value) && typeof value.mimeType === 'string' && ('id' in value || 'data' in value);

/**
 * The file by the name of a binary field, by a path in the JSON, or itself. In the binary mode
 * Combined, files are in the JSON under `_files` (docs/n8n-engine.md#loading-and-metadata).
 */
function findFile({ json, binary }: INodeExecutionData, given: unknown): IBinaryData {
	// $binary returns no data if n8n keeps the file in memory. The signature decides in any case.
	const candidates =
		typeof given === 'string'
			? [binary?.[given], getAtPath(json, given), getAtPath(json, `_files.${given}`)]
			: [given, ...(isRecord(given) ? Object.values(binary ?? {}) : [])];
	const file = candidates.find(isFile);
	if (file) return file;
	throw new InvalidInputError(
		typeof given === 'string'
			? `The input item has no binary field '${given}'`
			: "'Input Binary Field' is not a file",
		"Use the name of the field, such as data. In n8n's Webhook node, enable the option Raw Body. If the body is text, set 'Body From' to Text.",
	);
}
