import { sleep, type IWebhookFunctions } from 'n8n-workflow';

import { loadCredential, type PocketsflowCredential } from '../transport/credential';
import type { Mode } from '../transport/credentialFields';
import type { SendOptions } from '../transport/send';
import { getWebhookUrl, isRequestedUrl, isSameUrl } from './addresses';
import { listEndpoints, openEndpointSecret, readStaticData, type Endpoint } from './endpoints';
import { unseal } from './sealing';
import { isListening } from './settings';

/** A signing secret of one of our endpoints, and the mode of the key that it was found with. */
export interface Secret {
	secret: string;
	mode: Mode;
	/** Undefined if static data does not say. */
	endpointId: string | undefined;
	/** When it was learned, as counted by `nextMoment`. */
	moment: number;
	/** When a response first lacked its endpoint; undefined as long as responses contain it. */
	goneAtMs?: number;
}

/** What Pocketsflow returned about the endpoints that a delivery may come from. */
export interface EndpointReading {
	startedAtMs: number;
	/** When it began, as counted by `nextMoment`. */
	moment: number;
	credential: PocketsflowCredential;
	endpoints: Endpoint[];
	secrets: Secret[];
}

let moments = 0;

/** A counter instead of a time, because events within one millisecond have an order, too. */
const nextMoment = () => ++moments;

/** How many lookups are allowed at the same time, and after how long one more is: at most six a minute. */
const maxTries = 3;
const msPerTry = 20_000;
const minRetryDelayMs = 400;

/** From this age on, a response that does not match is requested again. */
const minAnswerAgeMs = 2_000;

/** How long a delivery waits: Pocketsflow gives up after 5 s (docs/pocketsflow-api.md#deliveries). */
const maxWaitMs = 3_500;

/** How long an encrypted text that can't be decrypted is not tried again. */
const closedTextAgeMs = 10_000;

/** How long deliveries of a removed endpoint are still accepted: another process may have replaced it. */
const goneGraceMs = 60_000;

/** A limit, so that no one can make it grow: one node has one endpoint, and several only for a moment. */
const maxSecrets = 8;

/**
 * The secrets of one node's endpoints, as this process knows them: from registration, from static data, and
 * from Pocketsflow. They last as long as the process, so everything also works without them
 * (docs/n8n-engine.md#process-memory-and-queue-mode).
 *
 * One rule invalidates a secret: a reading of Pocketsflow's endpoints that began after the secret was
 * learned and lacks its endpoint. The secret stays valid for another minute for deliveries in transit. A
 * reading without any endpoint is not proof.
 */
export class Keyring {
	/** The latest one that matched comes first. */
	private known: Secret[] = [];
	private firstReadAtMs = new Map<string, number>();
	private opened?: { text: string; isOpen: boolean; atMs: number };
	private running?: Promise<void>;
	/** Each try uses up `msPerTry`. Unused time adds up to a minute at most. */
	private spentUntilMs = -Infinity;

	latest?: EndpointReading;
	/** When the secrets were last confirmed; -Infinity if they never were. */
	confirmedAtMs = -Infinity;

	get secrets(): readonly Secret[] {
		const isOver = ({ goneAtMs = Infinity }: Secret) => Date.now() - goneAtMs >= goneGraceMs;
		if (this.known.some(isOver)) this.known = this.known.filter((secret) => !isOver(secret));
		return this.known;
	}

	/** The latest response if it is too recent to request another one. */
	get fresh(): EndpointReading | undefined {
		const { latest } = this;
		return latest && Date.now() - latest.startedAtMs < minAnswerAgeMs ? latest : undefined;
	}

	/** Puts a secret first that was just registered. */
	learn(secret: Omit<Secret, 'moment'>): void {
		this.confirmedAtMs = Date.now();
		this.prefer({ ...secret, moment: nextMoment() });
	}

	/**
	 * Puts the secret first that a delivery was signed with. Others of the same endpoint are proven wrong.
	 */
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

	/** How long an endpoint has been known, in ms. */
	getAgeMs = (endpointId: string): number =>
		Date.now() - (this.firstReadAtMs.get(endpointId) ?? Date.now());

	forget(endpointIds: string[]): void {
		this.known = this.known.filter(({ endpointId = '' }) => !endpointIds.includes(endpointId));
	}

	/** Takes over a response from Pocketsflow. */
	update(reading: EndpointReading): void {
		if (this.latest && this.latest.moment > reading.moment) return;
		const { startedAtMs, endpoints, secrets } = reading;
		this.latest = reading;
		this.confirmedAtMs = startedAtMs;
		this.firstReadAtMs = new Map(
			endpoints.map(({ id }) => [id, this.firstReadAtMs.get(id) ?? startedAtMs]),
		);
		if (endpoints.length > 0)
			this.known = this.known.map(({ goneAtMs = startedAtMs, ...secret }) => {
				const isThere = endpoints.some(({ id }) => id === secret.endpointId);
				return isThere || secret.moment > reading.moment ? secret : { ...secret, goneAtMs };
			});
		for (const secret of secrets) this.add(secret);
	}

	private add(secret: Secret): void {
		const same = this.known.findIndex((one) => one.secret === secret.secret);
		if (same < 0) this.known = [...this.secrets.slice(0, maxSecrets - 1), secret];
		else if (this.known[same].moment < secret.moment) this.known[same] = secret;
	}

	/**
	 * Decrypts the secret in static data, which may be missing or out of date. Tries each text once.
	 * @throws if the credential can't be read
	 */
	async openStored(context: IWebhookFunctions): Promise<void> {
		const { sealedSecret: text, url: storedUrl, endpointId } = readStaticData(context);
		const { opened } = this;
		const isTried = opened?.text === text;
		if (text === undefined || (isTried && opened?.isOpen)) return;
		if (isTried && Date.now() - (opened?.atMs ?? 0) < closedTextAgeMs) return;
		const { apiKey, mode } = await loadCredential(context);
		const isRegistered = storedUrl !== undefined && isRequestedUrl(context, storedUrl);
		const secret = unseal(text, apiKey, isRegistered ? storedUrl : getWebhookUrl(context));
		this.opened = { text, isOpen: secret !== undefined, atMs: Date.now() };
		if (secret === undefined || this.known.some((one) => one.secret === secret)) return;
		if (this.confirmedAtMs === -Infinity) this.confirmedAtMs = Date.now();
		this.add({ secret, mode, endpointId, moment: nextMoment() });
	}

	/**
	 * Requests a secret from Pocketsflow that the latest response lacked. Waits at most until 3.5 seconds
	 * after the delivery arrived. All deliveries of a node share one request. Never rejects.
	 * @returns whether there is a new response
	 */
	async lookUp(
		context: IWebhookFunctions,
		rawBody: Uint8Array,
		arrivedAtMs: number,
	): Promise<boolean> {
		const { latest } = this;
		const waitMs = arrivedAtMs + maxWaitMs - Date.now();
		if (waitMs <= 0 || !this.mayHaveMore(rawBody, arrivedAtMs)) return false;
		this.running ??= this.tryToRead(context).finally(() => {
			this.running = undefined;
		});
		await Promise.race([this.running, sleep(waitMs)]);
		return this.latest !== latest;
	}

	/**
	 * Whether Pocketsflow may have more for a delivery than its latest response contains: the response is too
	 * old, or the delivery names an endpoint that another process has created since. A response from after
	 * the delivery contains everything.
	 */
	private mayHaveMore(rawBody: Uint8Array, arrivedAtMs: number): boolean {
		const { latest, fresh } = this;
		if (latest && latest.startedAtMs >= arrivedAtMs) return false;
		return !fresh || namesOtherEndpoint(rawBody, fresh);
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
		const nowMs = Date.now();
		const spentUntilMs = Math.max(this.spentUntilMs, nowMs - maxTries * msPerTry) + msPerTry;
		if (spentUntilMs > nowMs) return false;
		this.spentUntilMs = spentUntilMs;
		return true;
	}
}

/** Whether a delivery names an endpoint that was not in Pocketsflow's response. */
const namesOtherEndpoint = (rawBody: Uint8Array, { endpoints }: EndpointReading): boolean =>
	[
		...Buffer.from(rawBody)
			.toString('latin1')
			.matchAll(/"webhookId"\s*:\s*"?([^",}\s]+)/g),
	].some(([, named]) => !endpoints.some(({ id }) => id === named));

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
