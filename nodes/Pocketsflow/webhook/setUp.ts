import type { IHookFunctions } from 'n8n-workflow';

import { composeMessage } from '../transport/errors';
import { processMemory } from './memory';
import { prepare } from './prepare';
import { isRegistered, register, unregister } from './registration';
import { usesExistingEndpoint } from './settings';

const { failedSetUps } = processMemory;

/** How soon n8n calls `delete` after a set-up that failed. */
const cleanUpWithinMs = 30_000;

/** For a clean-up that a user waits for, at a Pocketsflow that may be out of reach. */
const cleanUpLimits = { maxAttempts: 1, requestTimeoutMs: 5_000, totalTimeoutMs: 10_000 };

/** Does the work of `checkExists`. @throws NodeOperationError */
export const checkExists = (context: IHookFunctions): Promise<boolean> =>
	setUp(context, async () => {
		await prepare(context);
		return usesExistingEndpoint(context) || (await isRegistered(context));
	});

/** Does the work of `create`. @throws NodeOperationError when the endpoint cannot be registered */
export const create = (context: IHookFunctions): Promise<void> =>
	setUp(context, () => register(context));

/**
 * Remembers when the work of a hook fails: n8n then calls `delete`
 * (docs/n8n-engine.md#activation-and-webhook-hooks).
 * @throws what the work throws
 */
async function setUp<T>(context: IHookFunctions, work: () => Promise<T>): Promise<T> {
	const key = getAddressKey(context);
	failedSetUps.delete(key);
	return await work().catch((error: unknown) => {
		failedSetUps.set(key, Date.now());
		throw error;
	});
}

/**
 * Does the work of `delete`. Right after a set-up that failed it fails no more: while the user listens
 * for a test event n8n would show its error in place of the reason.
 * @throws NodeOperationError when the endpoint cannot be removed
 */
export async function takeDown(context: IHookFunctions): Promise<void> {
	const key = getAddressKey(context);
	const failedAtMs = failedSetUps.get(key) ?? -Infinity;
	failedSetUps.delete(key);
	if (Date.now() - failedAtMs > cleanUpWithinMs) return await removeOwn(context);
	await removeOwn(context, cleanUpLimits).catch((error: unknown) =>
		context.logger.warn(
			`Pocketsflow Trigger: the webhook was not set up, and what may be left of it at Pocketsflow could not be removed. ${composeMessage(error)}`,
		),
	);
}

async function removeOwn(
	context: IHookFunctions,
	limits: Partial<typeof cleanUpLimits> = {},
): Promise<void> {
	if (!usesExistingEndpoint(context)) await unregister(context, processMemory, { limits });
}

/** Tells a test from the active workflow, which `getMode` does not in `delete`. */
const getAddressKey = (context: IHookFunctions) =>
	`${context.getWorkflow().id} ${context.getNodeWebhookUrl('default') ?? context.getNode().id}`;
