import type { IWebhookFunctions } from 'n8n-workflow';

import { updateEndpoint } from './endpoints';
import { getNodeKey, type EndpointSecret, type TriggerMemory, type Upkeep } from './memory';
import {
	listCompleteSecrets,
	readOwnEndpoints,
	replaceAnswer,
	type EndpointReading,
} from './recovery';
import { registerAnew, warnOfLostCopy } from './registration';
import { describeSealed, openEndpointSecret, rejectStoredSecret, rememberSecret } from './secrets';
import { isListening, readEventNames, usesExistingEndpoint } from './settings';
import type { Verification } from './verification';
import { getWebhookUrl } from './webhookUrl';

/** From this age on a remembered secret is confirmed; also the time between two checks of a node. */
const maxUnconfirmedMs = 60_000;

/**
 * Between a check that finds no endpoint and the next. A single one proves nothing: the workflow may
 * just be deactivated, and then no further delivery comes.
 */
const missingCheckMs = 10_000;

/** One check, with what has to be read from n8n before `webhook` returns. */
interface Check {
	context: IWebhookFunctions;
	memory: TriggerMemory;
	upkeep: Upkeep;
	/** The secret that a genuine delivery was just signed with. */
	known: EndpointSecret | undefined;
	url: string;
	events: string[];
}

/** Not in the way of other work. */
const confirmOptions = {};

/** Until it is done every delivery is refused. */
const repairOptions = { isUrgent: true };

/**
 * After the answer to a delivery: sees to it, now and then, that the next ones can be verified in
 * every process, also after the API key in the credential was changed. n8n calls no hook then
 * (docs/n8n-engine.md#activation-and-webhook-hooks).
 * Begins without waiting and never rejects.
 */
export async function maintainEndpoint(
	context: IWebhookFunctions,
	memory: TriggerMemory,
	verification: Verification | { valid: false; reason: string },
): Promise<void> {
	let upkeep: Upkeep | undefined;
	try {
		upkeep = startUpkeep(context, memory, verification);
		if (!upkeep) return;
		await checkEndpoint({
			context,
			memory,
			upkeep,
			known: verification.valid ? memory.secretByNode.get(getNodeKey(context)) : undefined,
			url: getWebhookUrl(context),
			events: readEventNames(context),
		});
	} catch (error) {
		context.logger.warn(
			`Pocketsflow Trigger could not check its webhook at Pocketsflow: ${(error as Error).message}`,
		);
	} finally {
		if (upkeep) upkeep.isRunning = false;
	}
}

function startUpkeep(
	context: IWebhookFunctions,
	{ secretByNode, upkeepByNode }: TriggerMemory,
	verification: Verification | { valid: false; reason: string },
): Upkeep | undefined {
	const nowMs = Date.now();
	const key = getNodeKey(context);
	const upkeep = upkeepByNode.get(key) ?? {
		isRunning: false,
		notBeforeMs: -Infinity,
		isMissing: false,
		losesDescription: false,
	};
	if (upkeep.isRunning || nowMs < upkeep.notBeforeMs) return undefined;
	const { confirmedAtMs = -Infinity } = secretByNode.get(key) ?? {};
	const isDue = verification.valid
		? nowMs - confirmedAtMs >= maxUnconfirmedMs
		: verification.reason === 'no secret';
	if (!isDue || isListening(context) || usesExistingEndpoint(context)) return undefined;
	upkeepByNode.set(key, upkeep);
	return Object.assign(upkeep, { isRunning: true, notBeforeMs: nowMs + maxUnconfirmedMs });
}

async function checkEndpoint(check: Check): Promise<void> {
	const { context, memory, upkeep, known } = check;
	const options = known ? confirmOptions : repairOptions;
	const reading = await readOwnEndpoints(context, { ...options, limits: { maxAttempts: 1 } });
	replaceAnswer(context, memory, reading);
	const wasMissing = upkeep.isMissing;
	upkeep.isMissing = reading.endpoints.length === 0;
	if (upkeep.isMissing && !wasMissing) upkeep.notBeforeMs = reading.startedAtMs + missingCheckMs;
	else if (upkeep.isMissing) await replaceEndpoint(check);
	else if (known) await confirmSecret(check, known, reading);
	else if (listCompleteSecrets(reading).length === 0) await replaceEndpoint(check);
}

/**
 * Remembers the secret that our endpoint has now: the one that was just used, or that of another
 * process that registered anew. Where no sealed copy opens, the API key was changed: seals anew.
 */
async function confirmSecret(
	check: Check,
	known: EndpointSecret,
	reading: EndpointReading,
): Promise<void> {
	const { context, memory } = check;
	const complete = listCompleteSecrets(reading);
	const confirmed = complete.find(({ secret }) => secret === known.secret) ?? complete[0] ?? known;
	rememberSecret(context, memory, confirmed, reading.startedAtMs);
	rejectStoredSecret(context, memory, complete);
	const { endpoints, credential } = reading;
	const isSealed = endpoints.some((endpoint) => openEndpointSecret(endpoint, credential));
	if (!isSealed && confirmed.secret === known.secret) await sealAnew(check, known, reading);
}

async function sealAnew(
	{ context, upkeep }: Check,
	{ secret }: EndpointSecret,
	{ endpoints, credential }: EndpointReading,
): Promise<void> {
	if (upkeep.losesDescription) return;
	const { id, url } = endpoints.find(({ shownSecret }) => shownSecret === secret) ?? endpoints[0];
	const description = describeSealed(context, credential, url, secret);
	const isKept = await updateEndpoint(context, id, { description }, confirmOptions);
	upkeep.losesDescription = !isKept;
	if (!isKept) return warnOfLostCopy(context);
	context.logger.info(
		'Pocketsflow Trigger sealed the signing secret of its webhook with the present API key of the credential',
	);
}

async function replaceEndpoint({ context, memory, url, events }: Check): Promise<void> {
	if (events.length === 0) return;
	await registerAnew(context, memory, { url, events, options: repairOptions });
	context.logger.warn(
		'Pocketsflow Trigger registered its webhook anew: Pocketsflow had none whose signing secret the API key of the credential opens, as after a change of the key. What was refused until now did not start the workflow.',
	);
}
