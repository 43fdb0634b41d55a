import { sleep, type IHookFunctions, type IWebhookFunctions } from 'n8n-workflow';

import { loadCredential, type Mode, type PocketsflowCredential } from '../transport/credential';
import type { SendOptions } from '../transport/send';
import { getWebhookUrl, isRequestedUrl, isSameUrl } from './addresses';
import { listEndpoints, openEndpointSecret, type Endpoint, type StoredEndpoint } from './endpoints';
import { unseal } from './sealing';
import { isListening } from './settings';

/** What the trigger keeps in static data. Written in hooks only (docs/n8n-engine.md#static-data). */
export interface TriggerStaticData extends StoredEndpoint {
	/** The user whose events it sends (`userId` of the API). */
	account?: string;
}

/** The static data of this node, as n8n has it; a change of it is a write. */
export const readStaticData = (context: IHookFunctions | IWebhookFunctions): TriggerStaticData =>
	context.getWorkflowStaticData('node') as TriggerStaticData;

/** A signing secret of one of our endpoints, and the mode of the key that it was found with. */
export interface Secret {
	secret: string;
	mode: Mode;
	/** Undefined if static data does not say. */
	endpointId: string | undefined;
	/** When it was learned, counted by `nextMoment`. */
	moment: number;
	/** When an answer first did not have its endpoint. */
	goneAtMs?: number;
}

/** What Pocketsflow answered about the endpoints that a delivery may come from. */
export interface EndpointReading {
	startedAtMs: number;
	/** When it began, counted by `nextMoment`. */
	moment: number;
	credential: PocketsflowCredential;
	endpoints: Endpoint[];
	secrets: Secret[];
}

let moments = 0;

/** A count in place of a time, because what happens in one millisecond has an order, too. */
const nextMoment = () => ++moments;

/** Look-ups at once, and the time in which one is added: at most six a minute. */
const maxTries = 3;
const msPerTry = 20_000;
const minRetryDelayMs = 400;

/** From this age on an answer that does not fit is asked for again. */
const minAnswerAgeMs = 2_000;

/** How long a delivery waits: Pocketsflow gives up after 5 s (docs/pocketsflow-api.md#deliveries). */
const maxWaitMs = 3_500;

/** For how long a sealed text that does not open is not tried again. */
const closedTextAgeMs = 10_000;

/** For how long deliveries of an endpoint that is gone are accepted: another process may have replaced it. */
const goneGraceMs = 60_000;

/** So that nobody can let it grow: one node has one endpoint, and several only for a moment. */
const maxSecrets = 8;

/**
 * The secrets of one node's endpoints, as this process knows them: from registering, from static data
 * and from Pocketsflow. Lives as long as the process, so everything works if it is empty
 * (docs/n8n-engine.md#process-memory-and-queue-mode).
 *
 * One rule ends a secret: a reading of Pocketsflow's endpoints that began after it was learned and does
 * not have its endpoint, and a minute after that, for deliveries that were on their way. A reading without
 * any endpoint proves nothing.
 */
export class Keyring {
	/** The latest that fitted is the first. */
	private known: Secret[] = [];
	private latest?: EndpointReading;
	/** When each endpoint was first read. */
	private firstReadAtMs = new Map<string, number>();
	private opened?: { text: string; isOpen: boolean; atMs: number };
	private running?: Promise<void>;
	private tries = maxTries;
	private triesCountedAtMs = Date.now();

	/** When the secrets were last confirmed; -Infinity if they never were. */
	confirmedAtMs = -Infinity;

	get secrets(): readonly Secret[] {
		const nowMs = Date.now();
		return this.known.filter(({ goneAtMs = nowMs }) => nowMs - goneAtMs < goneGraceMs);
	}

	/** The latest reading if it is at most this old. */
	getReading(maxAgeMs = minAnswerAgeMs): EndpointReading | undefined {
		const { latest } = this;
		return latest && Date.now() - latest.startedAtMs < maxAgeMs ? latest : undefined;
	}

	/** Puts first what was just registered. */
	learn(secret: Omit<Secret, 'moment'>): void {
		this.confirmedAtMs = Date.now();
		this.prefer({ ...secret, moment: nextMoment() });
	}

	/** Puts first what a delivery was signed with; others of the same endpoint are proven wrong. */
	prefer(secret: Secret): void {
		if (this.known[0] === secret) return;
		const { endpointId } = secret;
		const others = this.known.filter(
			(other) =>
				other.secret !== secret.secret &&
				(endpointId === undefined || other.endpointId !== endpointId),
		);
		this.known = [secret, ...others];
	}

	/** For how long an endpoint has been known, in ms. */
	getAgeMs = (endpointId: string): number =>
		Date.now() - (this.firstReadAtMs.get(endpointId) ?? Date.now());

	forget(endpointIds: string[]): void {
		this.known = this.known.filter(({ endpointId = '' }) => !endpointIds.includes(endpointId));
	}

	/** Takes over what Pocketsflow answered. */
	update(reading: EndpointReading): void {
		if (this.latest && this.latest.moment > reading.moment) return;
		this.latest = reading;
		this.confirmedAtMs = reading.startedAtMs;
		const { firstReadAtMs } = this;
		this.firstReadAtMs = new Map(
			reading.endpoints.map(({ id }) => [id, firstReadAtMs.get(id) ?? reading.startedAtMs]),
		);
		if (reading.endpoints.length > 0) {
			const ids = new Set(reading.endpoints.map(({ id }): string | undefined => id));
			const { startedAtMs } = reading;
			this.known = this.known.flatMap((secret): Secret[] => {
				if (secret.moment > reading.moment || ids.has(secret.endpointId)) return [secret];
				const { goneAtMs = startedAtMs } = secret;
				return startedAtMs - goneAtMs < goneGraceMs ? [{ ...secret, goneAtMs }] : [];
			});
		}
		for (const secret of reading.secrets) this.add(secret);
	}

	private add(secret: Secret): void {
		const same = this.known.findIndex((one) => one.secret === secret.secret);
		if (same < 0) this.known = [...this.known.slice(0, maxSecrets - 1), secret];
		else if (this.known[same].moment < secret.moment) this.known[same] = secret;
	}

	/**
	 * Opens the sealed secret in static data, which may be missing or out of date; each text once.
	 * @returns whether that gave a secret that was not known
	 * @throws when the credential cannot be read
	 */
	async openStored(context: IWebhookFunctions): Promise<boolean> {
		const { sealedSecret: text, url: storedUrl, endpointId } = readStaticData(context);
		if (text === undefined) return false;
		const isTried = this.opened?.text === text;
		const isOver = this.opened?.isOpen || Date.now() - (this.opened?.atMs ?? 0) < closedTextAgeMs;
		if (isTried && isOver) return false;
		const { apiKey, mode } = await loadCredential(context);
		const isRegistered = storedUrl !== undefined && isRequestedUrl(context, storedUrl);
		const secret = unseal(text, apiKey, isRegistered ? storedUrl : getWebhookUrl(context));
		this.opened = { text, isOpen: secret !== undefined, atMs: Date.now() };
		if (secret === undefined || this.known.some((one) => one.secret === secret)) return false;
		if (this.confirmedAtMs === -Infinity) this.confirmedAtMs = Date.now();
		this.add({ secret, mode, endpointId, moment: nextMoment() });
		return true;
	}

	/**
	 * Whether Pocketsflow may know a secret for this request that the latest answer did not have: there is
	 * no answer of just now, or another process has replaced the endpoint since, which the request names.
	 * @param arrivedAtMs an answer that was asked for later has all that there is
	 */
	canLearnFrom(rawBody: Uint8Array, arrivedAtMs: number): boolean {
		const reading = this.getReading();
		if (!reading) return true;
		return reading.startedAtMs < arrivedAtMs && namesOtherEndpoint(rawBody, reading);
	}

	/**
	 * Asks Pocketsflow, and waits at most 3.5 seconds for the answer. All deliveries of a node share one
	 * look-up. Never rejects.
	 */
	async lookUp(context: IWebhookFunctions): Promise<void> {
		this.running ??= this.tryToRead(context).finally(() => {
			this.running = undefined;
		});
		await Promise.race([this.running, sleep(maxWaitMs)]);
	}

	private async tryToRead(context: IWebhookFunctions): Promise<void> {
		const deadlineMs = Date.now() + maxWaitMs;
		let failure: Error | undefined;
		while (Date.now() < deadlineMs && this.takeTry()) {
			const totalTimeoutMs = deadlineMs - Date.now();
			const limits = { totalTimeoutMs, requestTimeoutMs: totalTimeoutMs, maxAttempts: 1 };
			try {
				return this.update(await readEndpoints(context, { limits, isUrgent: true }));
			} catch (error) {
				failure = error as Error;
				await sleep(minRetryDelayMs);
			}
		}
		if (failure)
			context.logger.warn(
				`Pocketsflow Trigger could not read the signing secret from Pocketsflow: ${failure.message}`,
			);
	}

	private takeTry(): boolean {
		const added = Math.floor((Date.now() - this.triesCountedAtMs) / msPerTry);
		this.triesCountedAtMs += added * msPerTry;
		this.tries = Math.min(maxTries, this.tries + added);
		if (this.tries < 1) return false;
		if (this.tries === maxTries) this.triesCountedAtMs = Date.now();
		this.tries--;
		return true;
	}
}

/** Whether a request names an endpoint, as deliveries do, that was not there when Pocketsflow answered. */
function namesOtherEndpoint(rawBody: Uint8Array, { endpoints }: EndpointReading): boolean {
	const named = Buffer.from(rawBody)
		.toString('latin1')
		.matchAll(/"webhookId"\s*:\s*"([^"]+)"/g);
	const ids = new Set(endpoints.map(({ id }) => id));
	return [...named].some(([, id]) => !ids.has(id));
}

/**
 * Reads the endpoints at the address of this request, with every secret that they may have.
 * @throws as `listEndpoints` does
 */
export async function readEndpoints(
	context: IWebhookFunctions,
	options: SendOptions,
): Promise<EndpointReading> {
	const [startedAtMs, moment] = [Date.now(), nextMoment()];
	const url = isListening(context) ? undefined : getWebhookUrl(context);
	const isOurs = (endpoint: Endpoint) =>
		(url !== undefined && isSameUrl(endpoint.url, url)) || isRequestedUrl(context, endpoint.url);
	const credential = await loadCredential(context);
	const endpoints = (await listEndpoints(context, options)).filter(isOurs);
	const secrets = endpoints.flatMap((endpoint) =>
		[openEndpointSecret(endpoint, credential), endpoint.shownSecret]
			.filter((secret) => secret !== undefined)
			.map((secret) => ({ secret, mode: credential.mode, endpointId: endpoint.id, moment })),
	);
	return { startedAtMs, moment, credential, endpoints, secrets };
}
