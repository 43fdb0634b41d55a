import { sleep, type IWebhookFunctions } from 'n8n-workflow';

import { loadCredential, type PocketsflowCredential } from '../transport/credential';
import type { SendOptions } from '../transport/send';
import { listEndpoints, type Endpoint } from './endpoints';
import {
	getNodeKey,
	type RecoveryAnswer,
	type RecoveryState,
	type SecretCandidate,
	type TriggerMemory,
} from './memory';
import { openEndpointSecret, rejectStoredSecret, type SecretSource } from './secrets';
import { isListening } from './settings';
import { getWebhookUrl, isRequestedUrl, isSameUrl } from './webhookUrl';

/** What Pocketsflow answered about the endpoints that a delivery may come from. */
export interface EndpointReading extends RecoveryAnswer {
	credential: PocketsflowCredential;
	/** Active ones first, then those at our present address. */
	endpoints: Endpoint[];
}

/**
 * Tries at once, and the time in which one is added: at most six a minute, so that forged
 * deliveries cannot cause a request each.
 */
const maxTries = 3;
const msPerTry = 20_000;
const minRetryDelayMs = 400;

/** From this age on an answer that does not fit is asked for again. */
const minAnswerAgeMs = 2_000;

/** Until this age an answer is used without asking again. */
const maxAnswerAgeMs = 60_000;

/**
 * How long a delivery waits: Pocketsflow gives up after 5 s (docs/pocketsflow-api.md#deliveries).
 */
const maxRecoveryWaitMs = 3_500;

/** Reads our endpoints, with every secret that they may have. @throws as `listEndpoints` does */
export async function readOwnEndpoints(
	context: IWebhookFunctions,
	options: SendOptions,
): Promise<EndpointReading> {
	const startedAtMs = Date.now();
	const url = isListening(context) ? undefined : getWebhookUrl(context);
	const isOwn = (endpoint: Endpoint) => url !== undefined && isSameUrl(endpoint.url, url);
	const rank = (endpoint: Endpoint) => Number(endpoint.active) * 2 + Number(isOwn(endpoint));
	const credential = await loadCredential(context);
	const endpoints = (await listEndpoints(context, options))
		.filter((endpoint) => isOwn(endpoint) || isRequestedUrl(context, endpoint.url))
		.sort((a, b) => rank(b) - rank(a));
	const candidates = endpoints.flatMap((endpoint) =>
		listSecrets(endpoint, credential, startedAtMs),
	);
	return { startedAtMs, credential, endpoints, candidates };
}

/** What Pocketsflow answered within the last minute. */
export const findRecoveredSecrets: SecretSource<SecretCandidate> = async (
	context,
	{ recoveryByNode },
) => {
	const latest = recoveryByNode.get(getNodeKey(context))?.latest;
	return latest && Date.now() - latest.startedAtMs < maxAnswerAgeMs ? latest.candidates : [];
};

/**
 * The secrets that Pocketsflow has now: sealed by registration, or shown by the API. All deliveries
 * of a node share one recovery.
 */
export const recoverSecrets: SecretSource<SecretCandidate> = async (context, memory) => {
	const { recoveryByNode } = memory;
	const key = getNodeKey(context);
	const state = recoveryByNode.get(key) ?? { tries: maxTries, countedAtMs: Date.now() };
	recoveryByNode.set(key, state);
	if (state.latest && Date.now() - state.latest.startedAtMs < minAnswerAgeMs) return [];
	state.running ??= runRecovery(context, memory, state).finally(() => {
		state.running = undefined;
	});
	const reading = await Promise.race([
		state.running,
		sleep(maxRecoveryWaitMs).then(() => undefined),
	]);
	return reading?.candidates ?? [];
};

async function runRecovery(
	context: IWebhookFunctions,
	memory: TriggerMemory,
	state: RecoveryState,
): Promise<RecoveryAnswer | undefined> {
	const deadlineMs = Date.now() + maxRecoveryWaitMs;
	let failure: Error | undefined;
	while (Date.now() < deadlineMs && takeTry(state)) {
		const totalTimeoutMs = deadlineMs - Date.now();
		try {
			const { startedAtMs, candidates } = await readOwnEndpoints(context, {
				limits: { totalTimeoutMs, requestTimeoutMs: totalTimeoutMs, maxAttempts: 1 },
				isUrgent: true,
			});
			state.latest = { startedAtMs, candidates };
			rejectStoredSecret(context, memory, listCompleteSecrets(state.latest));
			return state.latest;
		} catch (error) {
			failure = error as Error;
			await sleep(minRetryDelayMs);
		}
	}
	if (failure)
		context.logger.warn(
			`Pocketsflow Trigger: the signing secret could not be read back from Pocketsflow: ${failure.message}`,
		);
	return undefined;
}

function takeTry(state: RecoveryState): boolean {
	const added = Math.floor((Date.now() - state.countedAtMs) / msPerTry);
	state.countedAtMs += added * msPerTry;
	state.tries = Math.min(maxTries, state.tries + added);
	if (state.tries < 1) return false;
	if (state.tries === maxTries) state.countedAtMs = Date.now();
	state.tries--;
	return true;
}

/** Lets deliveries use this answer from now on, in place of an older one. */
export function replaceAnswer(
	context: IWebhookFunctions,
	{ recoveryByNode }: TriggerMemory,
	{ startedAtMs, candidates }: RecoveryAnswer,
): void {
	const state = recoveryByNode.get(getNodeKey(context));
	if (state) state.latest = { startedAtMs, candidates };
}

/** The secrets that are surely those of our endpoints. */
export const listCompleteSecrets = ({ candidates }: RecoveryAnswer): SecretCandidate[] =>
	candidates.filter(({ isComplete }) => isComplete);

/** The sealed copy, and what the API shows, which may be masked. */
function listSecrets(
	endpoint: Endpoint,
	credential: PocketsflowCredential,
	readAtMs: number,
): SecretCandidate[] {
	const sealed = openEndpointSecret(endpoint, credential);
	const shown = endpoint.shownSecret;
	const common = { mode: credential.mode, url: endpoint.url, readAtMs };
	return [
		...(sealed === undefined ? [] : [{ ...common, secret: sealed, isComplete: true }]),
		...(shown === undefined ? [] : [{ ...common, secret: shown, isComplete: !isMasked(shown) }]),
	];
}

const isMasked = (secret: string) => secret.length < 16 || /[*•…]|\.\.\.|x{4}/i.test(secret);
