import { sleep, type IWebhookFunctions } from 'n8n-workflow';

import { loadCredential, type PocketsflowCredential } from '../transport/credential';
import type { Mode } from '../transport/credentialFields';
import type { SendOptions } from '../transport/send';
import { getWebhookUrl, isRequestedUrl, isSameUrl } from './addresses';
import { EndpointRequests, openEndpointSecret, readStaticData, type Endpoint } from './endpoints';
import { unseal } from './sealing';
import { isListening } from './settings';

/** A signing secret of one of our endpoints. */
export interface Secret {
	secret: string;
	/** The mode of the key that it was found with. */
	mode: Mode;
	endpointId: string;
	/** When it was learned, or when a response last contained its endpoint. */
	confirmedAtMs: number;
	/** When a response first lacked its endpoint. */
	goneAtMs?: number;
}

/** The endpoints that a delivery may come from, as Pocketsflow returned them. */
export interface EndpointReading {
	startedAtMs: number;
	credential: PocketsflowCredential;
	endpoints: Endpoint[];
	secrets: Secret[];
}

/** Allows something a few times in a row, and once more after each interval. */
export class Throttle {
	private spentUntilMs = -Infinity;

	constructor(
		private readonly intervalMs: number,
		private readonly burst = 1,
	) {}

	take(): boolean {
		const nowMs = Date.now();
		// In the future only if the clock was set back.
		const spentMs = this.spentUntilMs > nowMs ? -Infinity : this.spentUntilMs;
		const untilMs = Math.max(spentMs, nowMs - this.burst * this.intervalMs) + this.intervalMs;
		if (untilMs > nowMs) return false;
		this.spentUntilMs = untilMs;
		return true;
	}
}

const minRetryDelayMs = 400;

/** A younger response is not requested again. */
const minAnswerAgeMs = 2_000;

/** How long a delivery waits: Pocketsflow gives up after 5 s (docs/pocketsflow-api.md#deliveries). */
const maxWaitMs = 3_500;

/** How long an encrypted text that can't be decrypted is not tried again. */
const closedTextAgeMs = 10_000;

/** How long deliveries of a removed endpoint are still accepted: another process may have replaced it. */
const goneGraceMs = 60_000;

/**
 * The secrets of one node's endpoints, as this process knows them: from registration, from static data, and
 * from Pocketsflow. One rule invalidates a secret, after another minute for deliveries in transit: a
 * reading that began after the secret was confirmed and lacks its endpoint, but not every endpoint.
 */
export class Keyring {
	/** The latest one that matched comes first. */
	private known: Secret[] = [];
	private firstReadAtMs = new Map<string, number>();
	/** The text in static data that was tried, and until when it is not tried again. */
	private tried?: { text: string; untilMs: number };
	private running?: Promise<void>;
	/** At most six a minute. */
	private readonly lookUps = new Throttle(20_000, 3);
	private reading?: EndpointReading;

	/** The latest response, unless it is from the future, because the clock was set back. */
	get latest(): EndpointReading | undefined {
		return this.reading && this.reading.startedAtMs <= Date.now() ? this.reading : undefined;
	}

	get secrets(): readonly Secret[] {
		const isOver = ({ goneAtMs = Infinity }: Secret) => Date.now() - goneAtMs >= goneGraceMs;
		if (this.known.some(isOver)) this.known = this.known.filter((secret) => !isOver(secret));
		return this.known;
	}

	get fresh(): EndpointReading | undefined {
		const { latest } = this;
		return latest && Date.now() - latest.startedAtMs < minAnswerAgeMs ? latest : undefined;
	}

	learn(secret: Omit<Secret, 'confirmedAtMs'>): void {
		this.prefer({ ...secret, confirmedAtMs: Date.now() });
	}

	/** Puts a secret first that is proven right. Others of the same endpoint are wrong. */
	prefer(secret: Secret): void {
		if (this.known[0] === secret) return;
		const isOther = ({ secret: text, endpointId }: Secret) =>
			text !== secret.secret && endpointId !== secret.endpointId;
		this.known = [secret, ...this.known.filter(isOther)];
	}

	/** How long an endpoint has been known. */
	getAgeMs = (endpointId: string): number =>
		Date.now() - (this.firstReadAtMs.get(endpointId) ?? Date.now());

	forget(endpointIds: string[]): void {
		this.known = this.known.filter(({ endpointId }) => !endpointIds.includes(endpointId));
	}

	private add(secret: Secret): void {
		const same = this.known.findIndex((one) => one.secret === secret.secret);
		if (same < 0) this.known = [...this.known, secret];
		else if (this.known[same].confirmedAtMs <= secret.confirmedAtMs) this.known[same] = secret;
	}

	/** Adds the secret in static data, if it opens. @throws if the credential can't be read */
	async openStored(context: IWebhookFunctions): Promise<void> {
		const { sealedSecret: text, url: storedUrl, endpointId = '' } = readStaticData(context);
		const nowMs = Date.now();
		if (text === undefined) return;
		if (this.tried?.text === text && nowMs < this.tried.untilMs) return;
		const { apiKey, mode } = await loadCredential(context);
		const isRegistered = storedUrl !== undefined && isRequestedUrl(context, storedUrl);
		const secret = unseal(text, apiKey, isRegistered ? storedUrl : getWebhookUrl(context));
		this.tried = { text, untilMs: secret === undefined ? nowMs + closedTextAgeMs : Infinity };
		if (secret === undefined || this.known.some((one) => one.secret === secret)) return;
		this.add({ secret, mode, endpointId, confirmedAtMs: nowMs });
	}

	/**
	 * Reads the endpoints at the address of this request, with every secret that they may have.
	 * @throws as `EndpointRequests.list` does
	 */
	async read(context: IWebhookFunctions, options: SendOptions): Promise<EndpointReading> {
		const startedAtMs = Date.now();
		const url = isListening(context) ? undefined : getWebhookUrl(context);
		const credential = await loadCredential(context);
		const { mode } = credential;
		const isOurs = (one: Endpoint) =>
			(url !== undefined && isSameUrl(one.url, url)) || isRequestedUrl(context, one.url);
		const endpoints = (await new EndpointRequests(context, options).list(isOurs)).filter(isOurs);
		const secrets = endpoints.flatMap((endpoint) =>
			[openEndpointSecret(endpoint, credential), endpoint.shownSecret]
				.filter((secret) => secret !== undefined)
				.map((secret) => ({ secret, mode, endpointId: endpoint.id, confirmedAtMs: startedAtMs })),
		);
		const reading = { startedAtMs, credential, endpoints, secrets };
		this.update(reading);
		return reading;
	}

	private update(reading: EndpointReading): void {
		const { startedAtMs, endpoints, secrets } = reading;
		if (this.latest && this.latest.startedAtMs > startedAtMs) return;
		this.reading = reading;
		this.firstReadAtMs = new Map(
			endpoints.map(({ id }) => [id, this.firstReadAtMs.get(id) ?? startedAtMs]),
		);
		if (endpoints.length > 0)
			this.known = this.known.map(({ goneAtMs = startedAtMs, ...secret }) => {
				if (secret.confirmedAtMs > startedAtMs) return secret;
				const isThere = endpoints.some(({ id }) => id === secret.endpointId);
				return { ...secret, ...(isThere ? { confirmedAtMs: startedAtMs } : { goneAtMs }) };
			});
		for (const secret of secrets) this.add(secret);
	}

	/**
	 * Requests a secret that the latest response lacked. All deliveries of a node share one request. Never
	 * rejects.
	 * @returns whether there is a new response
	 */
	async lookUp(
		context: IWebhookFunctions,
		rawBody: Uint8Array,
		arrivedAtMs: number,
	): Promise<boolean> {
		const { latest, fresh } = this;
		const waitMs = arrivedAtMs + maxWaitMs - Date.now();
		// Since any other response, another process may have created an endpoint.
		const isComplete = latest && latest.startedAtMs >= arrivedAtMs;
		if (waitMs <= 0 || isComplete || (fresh && !namesOtherEndpoint(rawBody, fresh))) return false;
		this.running ??= this.tryToRead(context).finally(() => {
			this.running = undefined;
		});
		await Promise.race([this.running, sleep(waitMs)]);
		return this.latest !== latest;
	}

	private async tryToRead(context: IWebhookFunctions): Promise<void> {
		const deadlineMs = Date.now() + maxWaitMs;
		let failure: Error | undefined;
		while (Date.now() < deadlineMs && this.lookUps.take()) {
			const totalTimeoutMs = deadlineMs - Date.now();
			const limits = { totalTimeoutMs, requestTimeoutMs: totalTimeoutMs, maxAttempts: 1 };
			try {
				await this.read(context, { limits, isUrgent: true });
				return;
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
}

/** Whether a delivery names an endpoint that the response lacks. */
const namesOtherEndpoint = (rawBody: Uint8Array, { endpoints }: EndpointReading): boolean =>
	[
		...Buffer.from(rawBody)
			.toString('latin1')
			.matchAll(/"webhookId"\s*:\s*"?([^",}\s]+)/g),
	].some(([, named]) => !endpoints.some(({ id }) => id === named));
