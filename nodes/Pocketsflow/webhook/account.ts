import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

import { readAccount } from '../transport/account';
import { getNodeKey, type TriggerMemory } from './memory';
import { readStaticData } from './staticData';

/**
 * Reads whose account this node gets events from, and keeps it in static data and in memory. When
 * Pocketsflow does not say, what was known stays: an activation does not fail for it.
 */
export async function rememberAccount(
	context: IHookFunctions,
	memory: TriggerMemory,
): Promise<void> {
	const stored = readStaticData(context);
	const isKnown = context.getActivationMode() === 'init' && stored.account !== undefined;
	if (!isKnown) stored.account = (await readAccount(context)) ?? stored.account;
	if (stored.account !== undefined) memory.accountByNode.set(getNodeKey(context), stored.account);
}

/** The account as it was at the activation; undefined where it is not known. */
export const getAccount = (context: IWebhookFunctions, memory: TriggerMemory): string | undefined =>
	memory.accountByNode.get(getNodeKey(context)) ?? readStaticData(context).account;
