import type { Handler } from '../answers';
import type { EndpointName } from '../endpoints';
import { checkoutRoutes } from './checkout';
import { discountRoutes } from './discounts';
import { orderRoutes } from './orders';
import { peopleRoutes } from './people';
import { productRoutes } from './products';
import { refundRoutes } from './refunds';
import { subscriptionRoutes } from './subscriptions';
import { webhookRoutes } from './webhooks';

/** What serves each endpoint of the table; the type makes a missing one an error. */
export const handlers: Record<EndpointName, Handler> = {
	...productRoutes,
	...orderRoutes,
	...peopleRoutes,
	...discountRoutes,
	...subscriptionRoutes,
	...refundRoutes,
	...webhookRoutes,
	...checkoutRoutes,
};
