<?php
/**
 * Loads the plugin, does what the JSON on the standard input says, and prints the outcome as JSON.
 *
 *     { "woocommerce": true, "settings": {…}, "order": { "id": 7, "key": "wc_order_x" }, "do": "pay" }
 */

error_reporting( E_ALL );
set_error_handler(
	function ( $level, $message, $file, $line ) {
		throw new ErrorException( $message, 0, $level, $file, $line );
	}
);

$scenario = json_decode( stream_get_contents( STDIN ), true, 512, JSON_THROW_ON_ERROR );

if ( $scenario['woocommerce'] ?? true ) {
	require __DIR__ . '/wordpress.php';
	require __DIR__ . '/woocommerce-classes.php';
} else {
	require __DIR__ . '/wordpress-alone.php';
}
if ( isset( $scenario['settings'] ) ) {
	Recorded::$options['woocommerce_pocketsflow_settings'] = $scenario['settings'];
}
if ( isset( $scenario['order'] ) ) {
	$order = new Recorded_Order( $scenario['order']['id'], $scenario['order']['key'] );
	Recorded::$orders[ $order->get_id() ] = $order;
}

require dirname( __DIR__, 2 ) . '/examples/woocommerce/pay-with-pocketsflow.php';
do_action( 'before_woocommerce_init' );
do_action( 'plugins_loaded' );

$gateway = ( $scenario['woocommerce'] ?? true ) ? WC()->payment_gateways()->payment_gateways()['pocketsflow'] : null;

/** What a scenario can do. */
$actions = array(
	'look'   => fn() => array(
		'id'          => $gateway->id,
		'title'       => $gateway->title,
		'supports'    => $gateway->supports,
		'available'   => $gateway->is_available(),
		'needs_setup' => $gateway->needs_setup(),
		'fields'      => array_keys( $gateway->form_fields ),
	),
	'load'   => fn() => array( 'loaded' => class_exists( 'Pay_With_Pocketsflow_Gateway' ) ),
	'pay'    => fn() => $gateway->process_payment( $scenario['order']['id'] ?? 404 ),
	'save'   => function () use ( $scenario ) {
		foreach ( $scenario['post'] as $name => $value ) {
			$_POST[ "woocommerce_pocketsflow_$name" ] = addslashes( $value );
		}
		do_action( 'woocommerce_update_options_payment_gateways_pocketsflow' );
		return Recorded::$options['woocommerce_pocketsflow_settings'];
	},
	'panel'  => function () use ( $gateway ) {
		ob_start();
		$gateway->admin_options();
		return array( 'html' => ob_get_clean() );
	},
	'links'  => fn() => apply_filters( 'plugin_action_links_woocommerce/pay-with-pocketsflow.php', array( 'Deactivate' ) ),
	'blocks' => function () {
		$registry = new Automattic\WooCommerce\Blocks\Payments\PaymentMethodRegistry();
		do_action( 'woocommerce_blocks_payment_method_type_registration', $registry );
		return $registry->data['pocketsflow'];
	},
);

$result = $actions[ $scenario['do'] ]();
echo json_encode(
	array(
		'result'        => $result,
		'order'         => isset( $order ) ? $order->calls : null,
		'notices'       => Recorded::$notices,
		'adminErrors'   => Recorded::$admin_errors,
		'compatibility' => Recorded::$compatibility,
		'scripts'       => Recorded::$scripts,
		'textDomains'   => array_keys( Recorded::$text_domains ),
	),
	JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES
);
