import type { PocketsflowRequest } from '../api/request';
import type { HttpResponse } from './attempt';

const redirectStatuses = [301, 302, 303, 307, 308];

/** With these statuses, the server says that it has done nothing and wants the same request elsewhere. */
const repeatingStatuses = [307, 308];

/** The full URL that a redirect leads to; undefined for other responses. */
export function readRedirect({ status, location }: HttpResponse, url: string): URL | undefined {
	if (!redirectStatuses.includes(status) || location === undefined) return undefined;
	return URL.canParse(location, url) ? new URL(location, url) : undefined;
}

/**
 * The URL of a redirect that may be followed: only to the same scheme, host, and port, because the key is
 * sent with the request, and only if sending the request again cannot do its work twice.
 */
export function findFollowableRedirect(
	{ method }: PocketsflowRequest,
	response: HttpResponse,
	url: string,
): URL | undefined {
	const redirect = readRedirect(response, url);
	if (redirect?.origin !== new URL(url).origin) return undefined;
	const isRepeatable = method === 'GET' || repeatingStatuses.includes(response.status);
	return isRepeatable ? redirect : undefined;
}
