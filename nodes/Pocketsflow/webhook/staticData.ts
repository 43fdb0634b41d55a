import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

/**
 * What the trigger keeps in static data. Written in hooks only (docs/n8n-engine.md#static-data).
 */
export interface TriggerStaticData {
	/** Our endpoint at Pocketsflow. */
	endpointId?: string;
	/** Its signing secret, sealed. */
	sealedSecret?: string;
	/**
	 * Its URL. After a restart with another WEBHOOK_URL this is no longer the address of this n8n.
	 */
	url?: string;
	/** The user whose events it sends (`userId` of the API). */
	account?: string;
}

/** The static data of this node, as n8n has it; a change of it is a write. */
export const readStaticData = (context: IHookFunctions | IWebhookFunctions): TriggerStaticData =>
	context.getWorkflowStaticData('node') as TriggerStaticData;
