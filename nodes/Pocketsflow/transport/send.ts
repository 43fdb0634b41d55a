import { NodeApiError, type IDataObject, type IHttpRequestOptions, type JsonObject } from 'n8n-workflow';

import { answerError, type Mode } from './errors';
import { credentialType, type Effect, type PocketsflowContext, type PocketsflowRequest } from './request';

const timeoutMs = 30_000;

/** What the credential says about where and as whom requests are sent. Holds the key: never output it. */
export interface Account {
	baseUrl: string;
	apiKey: string;
	mode: Mode;
}

/** Reads the credential of the node that `context` runs. */
export async function accountOf(context: PocketsflowContext): Promise<Account> {
	const credential = await context.getCredentials(credentialType);
	const apiKey = String(credential.apiKey ?? '').trim();
	return {
		baseUrl: String(credential.baseUrl || 'https://api.pocketsflow.com').replace(/\/+$/, ''),
		apiKey,
		mode: apiKey.startsWith('pk_test_') ? 'test' : 'live',
	};
}

/** The entries whose value is set; Pocketsflow is never sent an empty optional field. */
function withoutUndefined(fields: IDataObject): IDataObject {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/**
 * Sends one request and answers with the parsed body (`{}` for an empty one, contract section A).
 * @throws NodeApiError in the operator's words, with the item's index
 */
export async function send(
	context: PocketsflowContext,
	request: PocketsflowRequest,
	effect: Effect,
	itemIndex?: number,
): Promise<unknown> {
	const account = await accountOf(context);
	const options: IHttpRequestOptions = {
		method: request.method,
		url: account.baseUrl + request.path,
		qs: request.query && withoutUndefined(request.query),
		body: request.body && withoutUndefined(request.body),
		json: true,
		timeout: timeoutMs,
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
	};
	let response: { statusCode: number; body: unknown };
	try {
		response = (await context.helpers.httpRequestWithAuthentication.call(
			context,
			credentialType,
			options,
		)) as { statusCode: number; body: unknown };
	} catch (error) {
		throw new NodeApiError(context.getNode(), error as JsonObject, { itemIndex });
	}
	if (response.statusCode >= 200 && response.statusCode < 300) return response.body || {};
	throw answerError(context.getNode(), {
		request,
		status: response.statusCode,
		body: response.body,
		mode: account.mode,
		itemIndex,
	});
}
