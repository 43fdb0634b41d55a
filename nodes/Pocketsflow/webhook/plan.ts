import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import type { PocketsflowCredential } from '../transport/credential';
import { composeMessage, hasStatus, setMessage, toSentence } from '../transport/errors';
import { isSameUrl } from './addresses';
import {
	findOwnEndpoints,
	openEndpointSecret,
	type Endpoint,
	type EndpointChanges,
	type EndpointNeeds,
	type EndpointRequests,
	type TriggerStaticData,
} from './endpoints';
import type { Secret } from './keyring';
import type { NodeMemory } from './memory';
import { describeEndpoint, seal, unseal } from './sealing';

type KnownSecret = Pick<Endpoint, 'id'> & { secret: string };

const limitRemedy =
	'If your account has reached its limit of webhooks, remove those that you no longer need under Developers → Webhooks.';

/** What a node needs in Pocketsflow: exactly one active endpoint with these properties. */
export interface Wanted extends EndpointNeeds {
	/** Its key encrypts the secret. */
	credential: Pick<PocketsflowCredential, 'apiKey' | 'mode' | 'baseUrl'>;
	/** Whether other events stay, because a process may have read the node before it was edited. */
	mayHaveMore?: boolean;
}

/** The steps from the existing endpoints to the one that is wanted. */
export interface Plan {
	/** The endpoint to keep; undefined if one must be created. */
	keep?: Endpoint & KnownSecret;
	/** What differs on it. */
	change?: EndpointChanges;
	remove: Endpoint[];
	/** Whether those to remove may be in use. If so, they stay until another one exists. */
	mayBeUsed?: boolean;
}

type FindSecret = (endpoint: Endpoint) => string | undefined;

/**
 * Plans how to get from our endpoints to the one that is wanted: the newest at its URL with a known secret
 * stays. Processes that plan at the same time agree, because they choose by ID only.
 */
export function plan(own: Endpoint[], wanted: Wanted, findSecret: FindSecret): Plan {
	const there = own.filter(({ url }) => isSameUrl(url, wanted.url));
	const [keep] = findUsable(there, findSecret);
	const remove = own.filter(({ id }) => id !== keep?.id);
	return keep ? { keep, change: findDifference(keep, wanted), remove } : { remove };
}

/** Those with a known secret, newest first. */
const findUsable = (endpoints: Endpoint[], findSecret: FindSecret) =>
	endpoints
		.flatMap((endpoint) => {
			const secret = findSecret(endpoint);
			return secret === undefined ? [] : [{ ...endpoint, secret }];
		})
		.sort(compareAge);

/** IDs grow with time (docs/pocketsflow-api.md#ids). What matters is that all processes agree. */
const compareAge = ({ id: one }: { id: string }, { id: other }: { id: string }) =>
	other.length - one.length || (one > other ? -1 : 1);

function findDifference(
	{ secret, ...endpoint }: Endpoint & KnownSecret,
	wanted: Wanted,
): EndpointChanges | undefined {
	const kept = wanted.mayHaveMore ? endpoint.events : [];
	const events = [...new Set([...wanted.events, ...kept])].sort();
	const isOpen = unseal(endpoint.sealed, wanted.credential.apiKey, wanted.url) === secret;
	const changes: EndpointChanges = {
		...(endpoint.events.join() !== events.join() && { events }),
		...(!endpoint.active && { active: true }),
		...((!isOpen || endpoint.workflowId !== wanted.workflowId) && describe(wanted, secret)),
	};
	return Object.keys(changes).length > 0 ? changes : undefined;
}

/** A description with the encrypted secret, which helps if n8n loses static data. */
const describe = ({ workflowId, credential: { apiKey }, url }: Wanted, secret: string) => ({
	description: describeEndpoint(workflowId, seal(secret, apiKey, url)),
});

/** How long to try next to useless ones: 429 may mean that the account is at its limit. */
const nextToUselessMs = 3_000;

/** Creates and executes the plans of one node. */
export class Registrar {
	/** @param stored where a hook stores the secret; undefined for an upkeep, which others may do, too */
	constructor(
		readonly requests: EndpointRequests,
		readonly node: NodeMemory,
		readonly wanted: Wanted,
		readonly stored?: TriggerStaticData,
	) {}

	/** @param fitting the secret that a delivery was signed with */
	plan(endpoints: Endpoint[], fitting?: Secret): Plan {
		const { wanted, stored } = this;
		return plan(findOwnEndpoints(endpoints, wanted.url, stored), wanted, (endpoint) =>
			fitting?.endpointId === endpoint.id
				? fitting.secret
				: openEndpointSecret(endpoint, wanted.credential, stored),
		);
	}

	/** Stores a secret where deliveries look for it. */
	keep({ id, secret }: KnownSecret): void {
		const { node, stored, wanted } = this;
		const { apiKey, mode } = wanted.credential;
		if (stored) Object.assign(stored, { endpointId: id, url: wanted.url });
		// Only if needed: encrypting it again would be a change.
		if (stored && unseal(stored.sealedSecret, apiKey, wanted.url) !== secret)
			stored.sealedSecret = seal(secret, apiKey, wanted.url);
		node.keyring.learn({ secret, mode, endpointId: id });
	}

	forget(endpointIds: string[]): void {
		const { node, stored } = this;
		delete stored?.endpointId;
		delete stored?.sealedSecret;
		delete stored?.url;
		node.keyring.forget(endpointIds);
	}

	/**
	 * Executes a plan. Creates before it removes: without any endpoint, no delivery would arrive.
	 * @throws as `send` does; a new endpoint is then removed again
	 */
	async apply({ keep, change, remove, mayBeUsed }: Plan): Promise<void> {
		const kept = keep ?? (await this.replace(remove, mayBeUsed));
		if (keep && change) await this.change(keep.id, change);
		// Without an earlier endpoint, no delivery arrived, so no other process registered one.
		const isAlone = remove.length === 0 && (keep !== undefined || this.stored !== undefined);
		this.keep(isAlone ? kept : await this.reduceToOne(kept, remove, mayBeUsed));
	}

	/**
	 * Keeps only the newest endpoint with a known secret, and returns it. Reads again after ours was
	 * encrypted: a process that does the same sees ours, or we see its endpoint.
	 */
	private async reduceToOne(
		ours: KnownSecret,
		useless: Endpoint[],
		mayBeUsed?: boolean,
	): Promise<KnownSecret> {
		const ids = new Set(useless.map(({ id }) => id));
		const usable = findUsable(await this.listOwn(), (endpoint) => {
			if (endpoint.id === ours.id) return ours.secret;
			const isWrong = mayBeUsed && ids.has(endpoint.id);
			return isWrong ? undefined : openEndpointSecret(endpoint, this.wanted.credential);
		});
		const [kept = ours] = usable;
		for (const { id } of usable) ids.add(id);
		ids.delete(kept.id);
		for (const id of ids) await this.requests.remove(id);
		return kept;
	}

	/** All endpoints of the account. @throws as `EndpointRequests.list` does */
	list = async (): Promise<Endpoint[]> =>
		await this.requests.list(
			({ id, url }) => id === this.stored?.endpointId || isSameUrl(url, this.wanted.url),
		);

	private listOwn = async (): Promise<Endpoint[]> =>
		findOwnEndpoints(await this.list(), this.wanted.url);

	private async change(id: string, changes: EndpointChanges): Promise<void> {
		const { node, requests } = this;
		const { description, ...others } = changes;
		const isKept = await requests.change(id, changes).catch(async (error: unknown) => {
			// The maximum length of a description is not documented. It must not stop the trigger.
			if (description === undefined || !hasStatus(error, [400, 409, 413, 422])) throw error;
			if (Object.keys(others).length > 0) await requests.change(id, others);
			return false;
		});
		if (isKept || node.unsaved.get('description')) return;
		node.unsaved.set('description', true);
		requests.context.logger.warn(
			'Pocketsflow Trigger: Pocketsflow did not store the encrypted copy of the signing secret as sent. The only copy is in the static data of this workflow. If n8n loses this copy, the next delivery is lost, and the node re-registers the webhook.',
		);
	}

	/** Creates an endpoint. Useless ones go first if Pocketsflow refuses a second one, or at a limit. */
	private async replace(useless: Endpoint[], mayBeUsed?: boolean): Promise<KnownSecret> {
		if (useless.length === 0 || mayBeUsed) return await this.create(useless);
		const first = this.create(useless, this.requests.within(nextToUselessMs));
		return await first.catch(async (error: unknown) => {
			const isRefused = hasStatus(error, [400, 402, 403, 409, 413, 422, 429]);
			if (!isRefused || isUnknown(error)) throw error;
			for (const { id } of useless)
				await this.requests.remove(id).catch(() => {
					throw error;
				});
			return await this.create(useless);
		});
	}

	/** @param others endpoints at the same URL that must not be removed if this fails */
	private async create(others: Endpoint[], requests = this.requests): Promise<KnownSecret> {
		const { wanted } = this;
		const node = this.requests.context.getNode();
		const answer = await requests.create(wanted).catch(async (error: unknown) => {
			if (isUnknown(error)) setMessage(error, `${error.message} ${await this.undo(others)}`);
			else if (hasStatus(error, [402, 403, 429]) && error instanceof Error)
				setMessage(error, `${toSentence(error.message)} ${limitRemedy}`);
			throw error;
		});
		const id = answer.id ?? (await this.findNew(others)).at(0)?.id;
		if (id === undefined)
			throw new NodeOperationError(
				node,
				'Pocketsflow created a webhook endpoint but did not return its ID and does not list it. Remove it under Developers → Webhooks, then publish (activate) the workflow again.',
			);
		const readShown = () => this.requests.get(id).catch(() => undefined);
		const secret = answer.secret ?? (await readShown())?.shownSecret;
		if (secret === undefined)
			throw new NodeOperationError(
				node,
				`Pocketsflow created a webhook endpoint without returning its signing secret, so its deliveries can't be verified. ${await this.discard(id)} Instead, create an endpoint under Developers → Webhooks for an n8n Webhook node, and verify its deliveries with the operation Webhook → Verify Delivery of the Pocketsflow node.`,
			);
		this.keep({ id, secret });
		await this.change(id, describe(wanted, secret)).catch(async (error: Error) => {
			const outcome = await this.discard(id);
			this.forget([id]);
			throw setMessage(error, `${toSentence(error.message)} ${outcome}`);
		});
		return { id, secret };
	}

	/** New endpoints with a secret that no one knows, newest first. */
	private async findNew(others: Endpoint[]): Promise<Endpoint[]> {
		const ids = new Set(others.map(({ id }) => id));
		const isNew = ({ id, sealed }: Endpoint) => !ids.has(id) && sealed === undefined;
		return (await this.listOwn()).filter(isNew).sort(compareAge);
	}

	/** Removes what a creation with an unknown outcome left. Returns what happened; never throws. */
	private async undo(others: Endpoint[]): Promise<string> {
		try {
			for (const { id } of await this.findNew(others)) await this.requests.remove(id);
			return 'No endpoint is left in Pocketsflow. Publish (activate) the workflow again.';
		} catch {
			return 'Publish (activate) the workflow again: this removes any endpoint that is left.';
		}
	}

	/** Removes a new endpoint that is useless. Returns what happened; never throws. */
	private discard = async (id: string): Promise<string> =>
		await this.requests.remove(id).then(
			() => 'The endpoint was removed.',
			(error: unknown) =>
				`The endpoint could not be removed: ${composeMessage(error)} Remove it under Developers → Webhooks.`,
		);
}

/** Whether a failed request may have been processed. */
const isUnknown = (error: unknown): error is NodeApiError =>
	error instanceof NodeApiError && error.context.outcome === 'unknown';
