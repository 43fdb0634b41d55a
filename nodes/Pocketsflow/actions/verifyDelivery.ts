import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { DeliveryHeaders } from '../events/delivery';
import { simplifyField } from '../fields/common';
import { jsonField } from '../fields/json';
import { choiceField, InvalidInputError, showFor, textField, type Field } from '../fields/types';
import type { ItemParameters } from './itemParameters';
import type { Task } from './operation';

const bodyFromField = choiceField(
	{
		displayName: 'Body From',
		name: 'bodyFrom',
		description: 'Where the input item has the body of the delivery, byte for byte as it was sent',
	},
	[
		{
			name: 'Binary Field',
			value: 'binary',
			description: "As n8n's Webhook node outputs it with its option Raw Body",
		},
		{ name: 'Text', value: 'text', description: 'As a queue or another service passes it on' },
	],
);

const binaryFieldField = showFor(
	{ bodyFrom: ['binary'] },
	textField({
		displayName: 'Input Binary Field',
		name: 'binaryField',
		required: true,
		default: 'data',
		description: 'The name of the input binary field that holds the body',
	}),
);

/** Text of which no blank is lost, because every byte is signed. */
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
			description: 'The body as it was sent, not parsed and written anew',
		},
		read: (raw) => (raw === '' ? undefined : typeof raw === 'string' ? raw : JSON.stringify(raw)),
	},
);

const headersField = jsonField({
	displayName: 'Headers',
	name: 'headers',
	required: true,
	default: '={{ $json.headers }}',
	description:
		'The headers of the delivery: X-Pocketsflow-Signature, X-Pocketsflow-Event and X-Pocketsflow-Timestamp are read, in upper or lower case',
});

/** The fields of the operation, in the order of the panel. */
export const verifyDeliveryFields = [
	bodyFromField,
	binaryFieldField,
	bodyField,
	headersField,
	simplifyField,
] as const;

/**
 * Prepares the check of one delivery that another node received: the same check, and the same item, as the
 * Pocketsflow Trigger's. A delivery that is not valid ends in an error.
 */
export function prepareVerification(context: IExecuteFunctions, item: ItemParameters): Task {
	const { itemIndex } = item;
	const headers = lowerCaseKeys(item.require(headersField));
	const simplify = item.get(simplifyField) ?? true;
	const readBody = prepareBody(context, item);
	return async () => {
		const { checkDelivery } = await import('./checkDelivery');
		const delivery = { rawBody: await readBody(), headers };
		return [await checkDelivery(context, delivery, { simplify, itemIndex })];
	};
}

function lowerCaseKeys(headers: IDataObject): DeliveryHeaders {
	const read = (value: unknown) => (Array.isArray(value) ? value.map(String) : String(value));
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
	const name = item.require(binaryFieldField);
	if (!context.getInputData()[itemIndex].binary?.[name])
		throw new InvalidInputError(
			`The input item has no binary field '${name}'`,
			"In n8n's Webhook node, turn on the option Raw Body. Where the body is text, set 'Body From' to Text.",
		);
	return async () => await context.helpers.getBinaryDataBuffer(itemIndex, name);
}
