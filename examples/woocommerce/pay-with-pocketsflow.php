<?php
/**
 * Plugin Name:          Pay with Pocketsflow
 * Plugin URI:           https://github.com/pocketsflow/n8n-nodes-pocketsflow
 * Description:          A payment method that sends buyers to their checkout in Pocketsflow through an n8n workflow.
 * Version:              1.0.0
 * Requires at least:    6.5
 * Requires PHP:         7.4
 * Requires Plugins:     woocommerce
 * WC requires at least: 8.2
 * Author:               n8n-nodes-pocketsflow maintainers
 * License:              MIT
 * License URI:          https://opensource.org/license/mit
 * Text Domain:          pay-with-pocketsflow
 *
 * @package PayWithPocketsflow
 */

defined( 'ABSPATH' ) || exit;

add_action( 'before_woocommerce_init', 'pay_with_pocketsflow_declare_compatibility' );
add_action( 'plugins_loaded', 'pay_with_pocketsflow_load' );
add_filter( 'woocommerce_payment_gateways', 'pay_with_pocketsflow_add_gateway' );
add_action( 'woocommerce_blocks_payment_method_type_registration', 'pay_with_pocketsflow_add_to_blocks' );
add_filter( 'plugin_action_links_' . plugin_basename( __FILE__ ), 'pay_with_pocketsflow_add_settings_link' );

/**
 * Says that orders may be stored in their own tables, and that the checkout may be made of blocks.
 */
function pay_with_pocketsflow_declare_compatibility() {
	$features = '\Automattic\WooCommerce\Utilities\FeaturesUtil';
	if ( class_exists( $features ) ) {
		$features::declare_compatibility( 'custom_order_tables', __FILE__, true );
		$features::declare_compatibility( 'cart_checkout_blocks', __FILE__, true );
	}
}

/**
 * Adds the payment method to WooCommerce's list.
 *
 * @param array $gateways The payment methods so far.
 * @return array
 */
function pay_with_pocketsflow_add_gateway( $gateways ) {
	$gateways[] = 'Pay_With_Pocketsflow_Gateway';
	return $gateways;
}

/**
 * Adds the payment method to the checkout that is made of blocks.
 *
 * @param \Automattic\WooCommerce\Blocks\Payments\PaymentMethodRegistry $registry The payment methods of that checkout.
 */
function pay_with_pocketsflow_add_to_blocks( $registry ) {
	$registry->register( new Pay_With_Pocketsflow_Blocks() );
}

/**
 * Adds a link to the settings to the list of plugins.
 *
 * @param array $links The links so far.
 * @return array
 */
function pay_with_pocketsflow_add_settings_link( $links ) {
	$address = admin_url( 'admin.php?page=wc-settings&tab=checkout&section=pocketsflow' );
	$link    = sprintf( '<a href="%s">%s</a>', esc_url( $address ), esc_html__( 'Settings', 'pay-with-pocketsflow' ) );
	return array_merge( array( $link ), $links );
}

/**
 * What is wrong with the address of the workflow; an empty string if nothing is.
 *
 * Buyers are sent there with the key of their order, so it has to be encrypted. Only a shop and an n8n on one
 * machine can do without.
 *
 * @param string $address The address as it was typed.
 * @return string
 */
function pay_with_pocketsflow_find_problem( $address ) {
	if ( '' === $address ) {
		return __( 'The workflow address is empty. Copy the production URL of the Webhook node in n8n.', 'pay-with-pocketsflow' );
	}
	$parts  = wp_parse_url( $address );
	$scheme = isset( $parts['scheme'] ) ? strtolower( $parts['scheme'] ) : '';
	$host   = isset( $parts['host'] ) ? strtolower( $parts['host'] ) : '';
	if ( '' === $host || ! in_array( $scheme, array( 'http', 'https' ), true ) ) {
		return __( 'The workflow address is not a web address. Enter an address that begins with https://.', 'pay-with-pocketsflow' );
	}
	if ( 'https' !== $scheme && ! in_array( $host, array( 'localhost', '127.0.0.1', '[::1]' ), true ) ) {
		return __( 'The workflow address begins with http://. Enter an address that begins with https://, because it receives the key of each order.', 'pay-with-pocketsflow' );
	}
	if ( isset( $parts['path'] ) && false !== strpos( $parts['path'], '/webhook-test/' ) ) {
		return __( 'The workflow address is the test URL, which works only while n8n listens for a test. Publish (activate) the workflow and copy the production URL.', 'pay-with-pocketsflow' );
	}
	return '';
}

/**
 * Defines the classes, once those of WooCommerce that they extend are there.
 */
function pay_with_pocketsflow_load() {
	if ( ! class_exists( 'WC_Payment_Gateway' ) ) {
		return;
	}

	/**
	 * The payment method. It never marks an order as paid: the workflow does, once Pocketsflow says so.
	 */
	class Pay_With_Pocketsflow_Gateway extends WC_Payment_Gateway {

		/**
		 * Reads the settings.
		 */
		public function __construct() {
			$this->id                 = 'pocketsflow';
			$this->has_fields         = false;
			$this->supports           = array( 'products' );
			$this->method_title       = __( 'Pocketsflow', 'pay-with-pocketsflow' );
			$this->method_description = __( 'Sends buyers to their checkout in Pocketsflow through an n8n workflow. The workflow marks the order as paid.', 'pay-with-pocketsflow' );
			$this->init_form_fields();
			$this->init_settings();
			$this->title       = $this->get_option( 'title' );
			$this->description = $this->get_option( 'description' );
			// WooCommerce has checked the nonce and the rights of the user before it calls this.
			add_action( 'woocommerce_update_options_payment_gateways_' . $this->id, array( $this, 'process_admin_options' ) );
		}

		/**
		 * The settings.
		 */
		public function init_form_fields() {
			$this->form_fields = array(
				'enabled'     => array(
					'title'   => __( 'Enable/Disable', 'pay-with-pocketsflow' ),
					'type'    => 'checkbox',
					'label'   => __( 'Offer this payment method at checkout', 'pay-with-pocketsflow' ),
					'default' => 'no',
				),
				'address'     => array(
					'title'       => __( 'Workflow address', 'pay-with-pocketsflow' ),
					'type'        => 'text',
					'description' => __( 'The production URL of the Webhook node in n8n. WooCommerce sends buyers to it, with the number and the key of their order.', 'pay-with-pocketsflow' ),
					'placeholder' => 'https://n8n.example.com/webhook/pay',
					'default'     => '',
				),
				'title'       => array(
					'title'   => __( 'Title', 'pay-with-pocketsflow' ),
					'type'    => 'text',
					'default' => __( 'Pay with Pocketsflow', 'pay-with-pocketsflow' ),
				),
				'description' => array(
					'title'   => __( 'Description', 'pay-with-pocketsflow' ),
					'type'    => 'textarea',
					'default' => __( 'You pay on the next page, and then return to this shop.', 'pay-with-pocketsflow' ),
				),
			);
		}

		/**
		 * Checks the address when the settings are saved. WooCommerce keeps the old one if this throws.
		 *
		 * @param string $key   The name of the field.
		 * @param string $value What was typed.
		 * @return string
		 * @throws Exception If the address cannot be used.
		 */
		public function validate_address_field( $key, $value ) {
			$address = trim( wp_unslash( (string) $value ) );
			$problem = pay_with_pocketsflow_find_problem( $address );
			if ( '' !== $problem ) {
				// Escaped where WooCommerce shows it.
				throw new Exception( $problem );
			}
			return esc_url_raw( $address, array( 'http', 'https' ) );
		}

		/**
		 * Saves the settings, and shows what is wrong with them.
		 *
		 * @return bool
		 */
		public function process_admin_options() {
			$saved = parent::process_admin_options();
			foreach ( $this->get_errors() as $error ) {
				WC_Admin_Settings::add_error( $error );
			}
			return $saved;
		}

		/**
		 * Shows the settings, with a notice as long as buyers are not offered the payment method although it is enabled.
		 */
		public function admin_options() {
			if ( 'yes' === $this->enabled && $this->needs_setup() ) {
				printf(
					'<div class="notice notice-error inline"><p>%s %s</p></div>',
					esc_html( $this->find_problem() ),
					esc_html__( 'Until you fix this, buyers do not see this payment method.', 'pay-with-pocketsflow' )
				);
			}
			parent::admin_options();
		}

		/**
		 * Whether something is missing before the payment method can be enabled.
		 *
		 * @return bool
		 */
		public function needs_setup() {
			return '' !== $this->find_problem();
		}

		/**
		 * Whether buyers are offered the payment method.
		 *
		 * @return bool
		 */
		public function is_available() {
			return parent::is_available() && ! $this->needs_setup();
		}

		/**
		 * Leaves the order waiting for its payment, and sends the buyer to the workflow.
		 *
		 * The cart is kept until the order is paid: a buyer who comes back without having paid gets the same order again.
		 * WooCommerce has checked the nonce of the checkout before it calls this.
		 *
		 * @param int $order_id The number of the order.
		 * @return array
		 */
		public function process_payment( $order_id ) {
			$order = wc_get_order( $order_id );
			if ( ! $order || $this->needs_setup() ) {
				wc_add_notice( __( 'This payment method is not available right now. Please choose another one.', 'pay-with-pocketsflow' ), 'error' );
				return array( 'result' => 'failure' );
			}
			$order->update_status( 'pending' );
			$order->add_order_note( __( 'The buyer went to Pocketsflow to pay.', 'pay-with-pocketsflow' ) );
			$address = add_query_arg(
				array(
					'order' => rawurlencode( (string) $order->get_id() ),
					'key'   => rawurlencode( $order->get_order_key() ),
				),
				$this->get_option( 'address' )
			);
			return array(
				'result'   => 'success',
				'redirect' => esc_url_raw( $address, array( 'http', 'https' ) ),
			);
		}

		/**
		 * What is wrong with the address that is set.
		 *
		 * @return string
		 */
		private function find_problem() {
			return pay_with_pocketsflow_find_problem( (string) $this->get_option( 'address' ) );
		}
	}

	if ( ! class_exists( '\Automattic\WooCommerce\Blocks\Payments\Integrations\AbstractPaymentMethodType' ) ) {
		return;
	}

	/**
	 * The payment method in the checkout that is made of blocks.
	 */
	class Pay_With_Pocketsflow_Blocks extends \Automattic\WooCommerce\Blocks\Payments\Integrations\AbstractPaymentMethodType {

		/**
		 * The same name as that of the gateway.
		 *
		 * @var string
		 */
		protected $name = 'pocketsflow';

		/**
		 * The payment method itself; null if another plugin has taken it off the list.
		 *
		 * @var Pay_With_Pocketsflow_Gateway|null
		 */
		private $gateway;

		/**
		 * Takes the payment method from WooCommerce's list.
		 */
		public function initialize() {
			$gateways      = WC()->payment_gateways()->payment_gateways();
			$this->gateway = $gateways[ $this->name ] ?? null;
		}

		/**
		 * Whether buyers are offered the payment method.
		 *
		 * @return bool
		 */
		public function is_active() {
			return null !== $this->gateway && $this->gateway->is_available();
		}

		/**
		 * The script that shows the payment method, small enough to need no file.
		 *
		 * @return array
		 */
		public function get_payment_method_script_handles() {
			$needed = array( 'wc-blocks-registry', 'wc-settings', 'wp-element', 'wp-html-entities' );
			wp_register_script( 'pay-with-pocketsflow', false, $needed, '1.0.0', true );
			wp_add_inline_script(
				'pay-with-pocketsflow',
				"( function ( registry, settings, element, entities ) {
					var data = settings.getSetting( 'paymentMethodData', {} ).pocketsflow;
					// In older versions of WooCommerce each payment method has its own setting.
					data = data || settings.getSetting( 'pocketsflow_data', {} );
					var title = entities.decodeEntities( data.title || '' );
					var content = element.createElement( function () {
						return entities.decodeEntities( data.description || '' );
					} );
					registry.registerPaymentMethod( {
						name: 'pocketsflow',
						label: title,
						ariaLabel: title,
						content: content,
						edit: content,
						canMakePayment: function () {
							return true;
						},
						supports: { features: data.supports || [] },
					} );
				} )( wc.wcBlocksRegistry, wc.wcSettings, wp.element, wp.htmlEntities );"
			);
			return array( 'pay-with-pocketsflow' );
		}

		/**
		 * What the script is given.
		 *
		 * @return array
		 */
		public function get_payment_method_data() {
			return array(
				'title'       => $this->gateway->get_title(),
				'description' => $this->gateway->get_description(),
				'supports'    => $this->gateway->supports,
			);
		}
	}
}
