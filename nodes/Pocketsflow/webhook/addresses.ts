import { NodeOperationError, type IHookFunctions, type IWebhookFunctions } from 'n8n-workflow';

import type { PocketsflowCredential } from '../transport/credential';
import { isLoopbackHost, isPrivateHost } from '../transport/hosts';

/**
 * The address of this node's webhook, which Pocketsflow calls.
 * @throws NodeOperationError if n8n has none
 */
export function getWebhookUrl(context: IHookFunctions | IWebhookFunctions): string {
	const url = context.getNodeWebhookUrl('default');
	if (!url)
		throw new NodeOperationError(
			context.getNode(),
			'n8n did not provide a webhook address for this trigger',
		);
	return url;
}

/**
 * One spelling for all URLs with the same meaning: lower-case host without a trailing dot, no default port,
 * no trailing slash, one form of escaped characters. Pocketsflow may store another spelling than it was
 * sent (docs/pocketsflow-api.md#webhook-endpoints). Text that is not a URL is returned unchanged.
 */
export function normalizeUrl(text: string): string {
	if (!URL.canParse(text)) return text;
	const url = new URL(text);
	const port = url.port && `:${url.port}`;
	return `${url.protocol}//${readHost(url)}${port}${normalizePath(url.pathname)}${url.search}`;
}

/** Whether two URLs are the same address, however they are spelled. */
export const isSameUrl = (one: string, other: string): boolean =>
	normalizeUrl(one) === normalizeUrl(other);

/** Whether two URLs have the same host and path, even if their schemes differ. */
export const isSameLocation = (one: string, other: string): boolean =>
	normalizeUrl(one).replace(/^\w+:/, '') === normalizeUrl(other).replace(/^\w+:/, '');

export const hasSamePath = (one: string, other: string): boolean =>
	[one, other].every((url) => URL.canParse(url)) &&
	normalizePath(new URL(one).pathname) === normalizePath(new URL(other).pathname);

const readHost = ({ hostname }: URL) => hostname.toLowerCase().replace(/\.$/, '');

function normalizePath(path: string): string {
	return path
		.replace(/(%[0-9a-f]{2})+/gi, decodeSafely)
		.replace(/[^!-~]+/g, encodeURIComponent)
		.replace(/\/+$/, '');
}

/** Decodes escaped characters, except those with a different meaning when unescaped. */
function decodeSafely(escaped: string): string {
	try {
		return decodeURIComponent(escaped).replace(/[/?#%]/g, encodeURIComponent);
	} catch {
		return escaped.toUpperCase();
	}
}

/**
 * Whether the current request came to this address. Compares paths, which contain the node's webhookId:
 * here, n8n knows only the production URL, even for a request to the test URL, and only with the host that
 * N8N_WEBHOOK_URL (in older n8n WEBHOOK_URL) currently names
 * (docs/n8n-engine.md#webhook-requests-and-responses).
 */
export function isRequestedUrl(context: IWebhookFunctions, url: string): boolean {
	if (!URL.canParse(url)) return false;
	const requestedPath = normalizePath(context.getRequestObject().path);
	return normalizePath(new URL(url).pathname).endsWith(requestedPath);
}

/**
 * Refuses an address that Pocketsflow cannot reach. If the credential's Base URL is this machine, it is for
 * a local test server, which can reach any address.
 * @throws NodeOperationError that names N8N_WEBHOOK_URL, WEBHOOK_URL, and the polling trigger
 */
export function requirePublicAddress(
	context: IHookFunctions | IWebhookFunctions,
	url: string,
	{ baseUrl }: PocketsflowCredential,
): void {
	if (isLoopbackHost(new URL(baseUrl).hostname)) return;
	const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' };
	const isSecure = protocol === 'https:';
	const fault = isSecure ? 'is not reachable from the internet' : 'does not begin with https://';
	if (!isSecure || isPrivateHost(hostname))
		throw new NodeOperationError(
			context.getNode(),
			`Pocketsflow cannot deliver to ${url}: the address ${fault}. Set N8N_WEBHOOK_URL (in older n8n WEBHOOK_URL) to the public https address of n8n, or use the Pocketsflow Polling Trigger, which needs no public address.`,
		);
}
