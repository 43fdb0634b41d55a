import { sleep, type IWebhookFunctions } from 'n8n-workflow';

import { loadCredential } from '../transport/credential';
import { listEndpoints, type Endpoint } from './endpoints';
import { getNodeKey, type EndpointSecret, type Recovery } from './memory';
import { openEndpointSecret, type SecretSource } from './secrets';
import { isListening } from './settings';
import { getWebhookUrl, isRequestedUrl } from './webhookUrl';

/** Between two recoveries for one node, so that forged deliveries cannot cause a request each. */
const minRecoveryIntervalMs = 60_000;

/**
 * How long a delivery waits: Pocketsflow gives up after 5 s (docs/pocketsflow-api.md#deliveries).
 */
const maxRecoveryWaitMs = 3_500;

/**
 * The secret that registration left sealed at Pocketsflow. All deliveries of a node share one
 * recovery.
 */
export const recoverSecret: SecretSource = async (context, { secretByNode, recoveryByNode }) => {
	const key = getNodeKey(context);
	let recovery = recoveryByNode.get(key);
	if (!recovery || Date.now() - recovery.startedAtMs >= minRecoveryIntervalMs) {
		recovery = startRecovery(context, (known) => secretByNode.set(key, known));
		recoveryByNode.set(key, recovery);
	}
	return await Promise.race([recovery.result, sleep(maxRecoveryWaitMs).then(() => undefined)]);
};

function startRecovery(
	context: IWebhookFunctions,
	remember: (known: EndpointSecret) => void,
): Recovery {
	const result = readSecretBack(context).then(
		(known) => {
			if (known) remember(known);
			return known;
		},
		(error: Error) => {
			context.logger.warn(
				`Pocketsflow Trigger: the signing secret could not be read back from Pocketsflow: ${error.message}`,
			);
			return undefined;
		},
	);
	return { startedAtMs: Date.now(), result };
}

async function readSecretBack(context: IWebhookFunctions): Promise<EndpointSecret | undefined> {
	const credential = await loadCredential(context);
	for (const endpoint of await listCandidates(context)) {
		const secret = openEndpointSecret(endpoint, credential);
		if (secret !== undefined) return { secret, mode: credential.mode, url: endpoint.url };
	}
	return undefined;
}

/** The endpoints that the delivery at hand may come from, the one at our present address first. */
async function listCandidates(context: IWebhookFunctions): Promise<Endpoint[]> {
	const ownUrl = isListening(context) ? undefined : getWebhookUrl(context);
	const endpoints = await listEndpoints(context, { limits: { totalTimeoutMs: maxRecoveryWaitMs } });
	return endpoints
		.filter(({ url }) => url === ownUrl || isRequestedUrl(context, url))
		.sort((a, b) => Number(b.url === ownUrl) - Number(a.url === ownUrl));
}
