import { sleep, type IWebhookFunctions } from 'n8n-workflow';

import { credentialType } from '../api/request';
import { accountOf } from '../transport/send';
import { openSecret, recoverSecret, storedSecret } from './registration';
import {
	credentials,
	endpointKey,
	opened,
	recoveries,
	remembered,
	type KnownSecret,
} from './secrets';
import { checkSignature, type SignatureCheck } from './signature';

/** Between two attempts to recover a secret, so that forged deliveries cannot cause a request each. */
const recoveryPauseMs = 60_000;

/** After this a delivery has the secret of an existing endpoint read anew, beside its own check. */
const credentialAgeMs = 10_000;

/** After this it waits for that: a secret that was replaced since must not go on. */
const credentialLimitMs = 60_000;

/** Between two readings that a delivery waits for. */
const credentialPauseMs = 1_000;

/** Pocketsflow waits 5 s for an answer (contract C3). */
const recoveryLimitMs = 3_500;

export type Verification =
	| { valid: true; mode: KnownSecret['mode'] }
	| Extract<SignatureCheck, { valid: false }>;

/**
 * Checks a delivery against the secrets that may be right, the nearest first: this process's memory, then
 * static data, then the sealed copy at Pocketsflow (static data can be lost or stale). A header that
 * cannot be a signature is refused without looking for any.
 * @param rawBody the bytes as received
 * @param header the X-Pocketsflow-Signature header
 */
export async function verifyDelivery(
	context: IWebhookFunctions,
	rawBody: Uint8Array | undefined,
	header: unknown,
	useExistingEndpoint: boolean,
): Promise<Verification> {
	const unkeyed = checkSignature(
		rawBody,
		header,
		'no secret is looked up for what cannot be signed',
	);
	if (!unkeyed.valid && unkeyed.reason !== 'wrong signature') return unkeyed;

	const key = endpointKey(context.getNode(), context.getMode() === 'manual');
	let isAnyKnown = false;
	for (const find of useExistingEndpoint ? existingEndpoint : ownEndpoint) {
		const found = await find(context, key);
		if (!found) continue;
		isAnyKnown = true;
		if (!checkSignature(rawBody, header, found.secret).valid) continue;
		return { valid: true, mode: found.mode };
	}
	return { valid: false, reason: isAnyKnown ? 'wrong signature' : 'no secret' };
}

type Finder = (context: IWebhookFunctions, key: string) => Promise<KnownSecret | undefined>;

const fromMemory: Finder = async (_context, key) => remembered.get(key);

const fromStaticData: Finder = async (context) => {
	const sealed = storedSecret(context);
	if (sealed === undefined) return undefined;
	const known = opened.get(sealed) ?? (await openSecret(context, sealed));
	if (known) opened.set(sealed, known);
	return known;
};

/**
 * n8n asks its database for a credential, which in a burst takes longer than Pocketsflow waits. So what is
 * known is used at once, and read anew beside it when it is older than `credentialAgeMs`.
 */
const fromKnownCredential: Finder = async (context, key) => {
	const known = credentials.get(credentialKey(context, key));
	if (!known || Date.now() - known.readAt >= credentialLimitMs) return undefined;
	// What fails leaves the last secret in force until its limit.
	if (Date.now() - known.begun >= credentialAgeMs)
		readCredential(context, key).catch(() => undefined);
	return known.last;
};

const fromCredential: Finder = async (context, key) => {
	const known = credentials.get(credentialKey(context, key));
	const isFresh = known !== undefined && Date.now() - known.begun < credentialPauseMs;
	return await (isFresh ? known.current : readCredential(context, key));
};

const credentialKey = (context: IWebhookFunctions, key: string) =>
	`${key} ${context.getNode().credentials?.[credentialType]?.id ?? ''}`;

async function readCredential(
	context: IWebhookFunctions,
	nodeKey: string,
): Promise<KnownSecret | undefined> {
	const key = credentialKey(context, nodeKey);
	const current = secretOfCredential(context);
	const { last, readAt = -Infinity } = credentials.get(key) ?? {};
	const reading = { begun: Date.now(), last, readAt, current };
	credentials.set(key, reading);
	reading.last = await current;
	reading.readAt = reading.begun;
	return reading.last;
}

async function secretOfCredential(context: IWebhookFunctions): Promise<KnownSecret | undefined> {
	const credential = await context.getCredentials(credentialType);
	const secret = String(credential.webhookSigningSecret ?? '').trim();
	return secret === '' ? undefined : { secret, mode: (await accountOf(context)).mode, url: '' };
}

const fromPocketsflow: Finder = async (context, key) => {
	let recovery = recoveries.get(key);
	if (!recovery || Date.now() - recovery.begun >= recoveryPauseMs) {
		const found = recoverSecret(context, recoveryLimitMs).then(
			(known) => {
				if (known) remembered.set(key, known);
				return known;
			},
			(error: Error) => {
				context.logger.warn(
					`Pocketsflow Trigger: the signing secret could not be read back from Pocketsflow: ${error.message}`,
				);
				return undefined;
			},
		);
		recovery = { begun: Date.now(), found };
		recoveries.set(key, recovery);
	}
	return await Promise.race([recovery.found, sleep(recoveryLimitMs).then(() => undefined)]);
};

const ownEndpoint: Finder[] = [fromMemory, fromStaticData, fromPocketsflow];

const existingEndpoint: Finder[] = [fromKnownCredential, fromCredential];
