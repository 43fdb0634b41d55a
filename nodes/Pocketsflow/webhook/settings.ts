import type { IDataObject, IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

import { toCanonicalName } from '../events/catalogue';
import { splitNames } from '../events/nameList';

type TriggerContext = IHookFunctions | IWebhookFunctions;

/** What the user set on the webhook trigger about the deliveries to emit. */
export interface TriggerSettings {
	/** Emit the known parts of a payload instead of all of it. */
	simplify: boolean;
	includeHeaders: boolean;
	/** Only deliveries whose metadata has this key; empty takes all. */
	metadataKey: string;
	/** The value that the metadata key must have; empty takes any. */
	metadataValue: string;
	/** Products and subscription offers; empty takes all. */
	productIds: string[];
	skipRepeated: boolean;
}

interface Options {
	includeHeaders?: boolean;
	metadataKey?: string;
	metadataValue?: string;
	productIds?: string;
	skipRepeated?: boolean;
}

/** Reads the parameters that decide which deliveries are emitted, and how. */
export function readSettings(context: IWebhookFunctions): TriggerSettings {
	const options = context.getNodeParameter('options', {}) as Options;
	const {
		includeHeaders,
		metadataKey = '',
		metadataValue = '',
		productIds,
		skipRepeated,
	} = options;
	return {
		simplify: Boolean(context.getNodeParameter('simplify', true)),
		includeHeaders: Boolean(includeHeaders),
		metadataKey,
		metadataValue,
		productIds: splitNames(productIds),
		skipRepeated: skipRepeated !== false,
	};
}

/** The events to register, custom ones included: each once, by its canonical name, sorted. */
export function readEventNames(context: TriggerContext): string[] {
	const chosen = context.getNodeParameter('events', []) as string[];
	const { customEvents } = context.getNodeParameter('options', {}) as IDataObject;
	const names = [...chosen, ...splitNames(customEvents)].map(toCanonicalName);
	return [...new Set(names)].sort();
}

/** Whether the user made the webhook at Pocketsflow by hand, so that we register none. */
export function usesExistingEndpoint(context: TriggerContext): boolean {
	return context.getNodeParameter('endpoint', 'automatic') === 'existing';
}

/**
 * Whether the user is listening for a test event in the editor; not Pocketsflow's own test mode.
 */
export function isListening(context: TriggerContext): boolean {
	return context.getMode() === 'manual';
}
