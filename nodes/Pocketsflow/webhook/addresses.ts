import { NodeOperationError, type IHookFunctions, type IWebhookFunctions } from 'n8n-workflow';

import type { PocketsflowCredential } from '../transport/credential';
import { isLoopbackHost, isPrivateHost } from '../transport/hosts';

/** The address of this node's webhook. @throws NodeOperationError if n8n has none */
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
 * One spelling for all URLs with the same meaning: Pocketsflow may store another one than it was sent
 * (docs/pocketsflow-api.md#webhook-endpoints). Text that is not a URL is returned unchanged.
 */
export function normalizeUrl(text: string): string {
	if (!URL.canParse(text)) return text;
	const { protocol, host, pathname, search } = new URL(text);
	return `${protocol}//${host.replace(/\.(?=:|$)/, '')}${normalizePath(pathname)}${search}`;
}

export const isSameUrl = (one: string, other: string): boolean =>
	normalizeUrl(one) === normalizeUrl(other);

/** Whether two URLs have the same host and path, even if their schemes differ. */
export const isSameLocation = (one: string, other: string): boolean =>
	normalizeUrl(one).replace(/^\w+:/, '') === normalizeUrl(other).replace(/^\w+:/, '');

export const hasSamePath = (one: string, other: string): boolean =>
	readPath(one) !== undefined && readPath(one) === readPath(other);

const readPath = (url: string): string | undefined =>
	URL.canParse(url) ? normalizePath(new URL(url).pathname) : undefined;

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
 * in a request, n8n knows only the production URL at its present host
 * (docs/n8n-engine.md#webhook-requests-and-responses).
 */
export const isRequestedUrl = (context: IWebhookFunctions, url: string): boolean =>
	readPath(url)?.endsWith(normalizePath(context.getRequestObject().path)) ?? false;

/**
 * Refuses an address that Pocketsflow cannot reach. A Base URL on this machine is a local test server,
 * which can reach any address.
 * @throws NodeOperationError that says what to do
 */
export function requirePublicAddress(
	context: IHookFunctions | IWebhookFunctions,
	{ url, credential }: { url: string; credential: Pick<PocketsflowCredential, 'baseUrl'> },
): void {
	if (isLoopbackHost(new URL(credential.baseUrl).hostname)) return;
	const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' };
	const isSecure = protocol === 'https:';
	const fault = isSecure ? 'is not reachable from the internet' : 'does not begin with https://';
	if (!isSecure || isPrivateHost(hostname))
		throw new NodeOperationError(
			context.getNode(),
			`Pocketsflow cannot deliver to ${url}: the address ${fault}. Set N8N_WEBHOOK_URL (in older n8n WEBHOOK_URL) to the public https address of n8n, or use the Pocketsflow Polling Trigger, which needs no public address.`,
		);
}
