import { NodeOperationError, type IHookFunctions, type IWebhookFunctions } from 'n8n-workflow';

import type { PocketsflowCredential } from '../transport/credential';

/**
 * The address of this node's webhook: what Pocketsflow is to call.
 * @throws NodeOperationError when n8n has none
 */
export function getWebhookUrl(context: IHookFunctions | IWebhookFunctions): string {
	const url = context.getNodeWebhookUrl('default');
	if (!url)
		throw new NodeOperationError(context.getNode(), 'n8n gave this trigger no webhook address');
	return url;
}

/**
 * Whether the request being handled came to this address. Compares paths, which hold the node's
 * webhookId: here n8n knows the production URL only, even for a request to the test URL, and only
 * with the host that WEBHOOK_URL names now (docs/n8n-engine.md#webhook-requests-and-responses).
 */
export function isRequestedUrl(context: IWebhookFunctions, url: string): boolean {
	return URL.canParse(url) && new URL(url).pathname.endsWith(context.getRequestObject().path);
}

const privateHost =
	/^(localhost|.*\.local(host)?|.*\.internal|0\.0\.0\.0|127(\.\d+){3}|10(\.\d+){3}|192\.168(\.\d+){2}|169\.254(\.\d+){2}|172\.(1[6-9]|2\d|3[01])(\.\d+){2}|\[(::1?|f[cd][0-9a-f:]*|fe80:[0-9a-f:]*)\])$/i;

const isLoopback = (url: string) =>
	/^(localhost|127(\.\d+){3}|\[::1\])$/i.test(URL.canParse(url) ? new URL(url).hostname : '');

/**
 * Refuses an address that Pocketsflow cannot reach. A credential whose Base URL is this machine is
 * for a local test server, which can reach any.
 * @throws NodeOperationError that names WEBHOOK_URL and the polling trigger as ways out
 */
export function requirePublicAddress(
	context: IHookFunctions,
	url: string,
	{ baseUrl }: PocketsflowCredential,
): void {
	if (isLoopback(baseUrl)) return;
	const fault = findAddressFault(url);
	if (fault)
		throw new NodeOperationError(
			context.getNode(),
			`Pocketsflow cannot deliver to ${url}: the address ${fault}. Set WEBHOOK_URL of n8n to its public https address, or use the Pocketsflow Polling Trigger, which needs none.`,
		);
}

function findAddressFault(url: string): string | undefined {
	const { protocol, hostname } = new URL(url);
	if (protocol !== 'https:') return 'does not begin with https://';
	return privateHost.test(hostname) ? 'is not reachable from the internet' : undefined;
}
