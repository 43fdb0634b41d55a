import { NodeOperationError, type IDataObject, type IExecuteFunctions } from 'n8n-workflow';

import { readDelivery, type DeliveryHeaders } from '../events/delivery';
import { buildDeliveryItem, toBusinessEvent } from '../events/deliveryItem';
import { dependsOnAccount } from '../events/identity';
import { checkSignature, isMasked, type SignatureCheck } from '../events/signature';
import { readAccount } from '../transport/account';
import { BoundedMap } from '../transport/boundedMap';
import { credentialType, hashCredential, loadCredential } from '../transport/credential';

type Fault = Extract<SignatureCheck, { valid: false }>['reason'];

const remedies: Record<Fault, string> = {
	'no secret':
		"Enter the signing secret of the endpoint in 'Webhook Signing Secret' in the credential.",
	'no body': 'The body is empty. Pocketsflow never sends a delivery without a body.',
	'no signature':
		"'Headers' contains no X-Pocketsflow-Signature. Every delivery from Pocketsflow has this header.",
	'malformed signature': 'X-Pocketsflow-Signature must be 64 hexadecimal digits.',
	'wrong signature':
		"The body was changed, or the secret in the credential belongs to another endpoint. Use the body exactly as it was sent: in n8n's Webhook node, enable the option Raw Body.",
};

/** The item of a delivery. @throws NodeOperationError if the delivery is not valid */
export async function checkDelivery(
	context: IExecuteFunctions,
	rawBody: Uint8Array,
	headers: DeliveryHeaders,
	{ simplify, itemIndex }: { simplify: boolean; itemIndex: number },
): Promise<IDataObject> {
	const refuse = (message: string, description: string) =>
		new NodeOperationError(context.getNode(), message, { description, itemIndex });
	const { webhookSigningSecret } = await context.getCredentials(credentialType, itemIndex);
	const secret = String(webhookSigningSecret ?? '').trim();
	if (isMasked(secret))
		throw refuse(
			"The 'Webhook Signing Secret' in the credential is masked",
			'Only a part of the secret is shown. Enter the full secret, which Pocketsflow shows when the webhook is created. If you no longer have it, create a new webhook.',
		);
	const check = checkSignature(rawBody, headers['x-pocketsflow-signature'], secret);
	if (!check.valid)
		throw refuse('The signature of this delivery is invalid', remedies[check.reason]);
	const delivery = readDelivery(headers, rawBody);
	if (!delivery)
		throw refuse(
			"Can't read this signed delivery",
			"The body is not a JSON object, is nested too deeply, or does not name the event. Check that 'Headers' contains X-Pocketsflow-Event.",
		);
	const { mode } = await loadCredential(context, itemIndex);
	const account = dependsOnAccount(delivery.event)
		? await findAccount(context, itemIndex)
		: undefined;
	const businessEvent = toBusinessEvent(delivery, { isTestKey: mode === 'test', account });
	return buildDeliveryItem(businessEvent, delivery, { simplify, nowMs: Date.now() });
}

/** The account of each key, by the hash of the credential. It never changes. */
const accounts = new BoundedMap<string>(100);

async function findAccount(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<string | undefined> {
	const key = hashCredential(await loadCredential(context, itemIndex));
	const account = accounts.get(key) ?? (await readAccount(context, itemIndex));
	if (account !== undefined) accounts.set(key, account);
	return account;
}
