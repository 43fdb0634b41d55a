import type { IHookFunctions } from 'n8n-workflow';

import { dependsOnAccount } from '../events/identity';
import { rememberAccount } from './account';
import { getNodeKey, processMemory, type TriggerMemory } from './memory';
import { requireSettings } from './settings';

/**
 * Prepares a node for its deliveries, before its webhook is registered: checks its parameters and
 * learns what its deliveries do not say.
 * @throws NodeOperationError where a parameter cannot be read
 */
export async function prepare(
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<void> {
	const settings = requireSettings(context);
	memory.settingsByNode.set(getNodeKey(context), settings);
	if (settings.events.some(dependsOnAccount)) await rememberAccount(context, memory);
}
