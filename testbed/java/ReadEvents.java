import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.apicurio.registry.serde.SerdeConfig;
import io.apicurio.registry.serde.avro.AvroKafkaDeserializer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads the events of a topic like any Java consumer, and prints each as a line of JSON.
 *
 * <p>usage: ReadEvents BOOTSTRAP_SERVERS REGISTRY_URL TOPIC COUNT
 */
public final class ReadEvents {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  public static void main(String[] arguments) throws IOException {
    String topic = arguments[2];
    int left = Integer.parseInt(arguments[3]);
    Map<String, Object> config =
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0],
            ConsumerConfig.GROUP_ID_CONFIG, topic + "-java",
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
            ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class,
            ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, AvroKafkaDeserializer.class,
            // The registry's own API is beside Confluent's.
            SerdeConfig.REGISTRY_URL, arguments[1].replace("/ccompat/v7", "/registry/v2"),
            // The frame is Confluent's, with the id that the registry's own API calls the content id.
            SerdeConfig.ENABLE_CONFLUENT_ID_HANDLER, true,
            SerdeConfig.USE_ID, "contentId");
    ObjectMapper json = new ObjectMapper();
    try (KafkaConsumer<String, GenericRecord> consumer = new KafkaConsumer<>(config)) {
      consumer.subscribe(List.of(topic));
      while (left > 0) {
        ConsumerRecords<String, GenericRecord> records = consumer.poll(PATIENCE);
        if (records.isEmpty()) {
          throw new IllegalStateException(left + " events did not come within " + PATIENCE.toSeconds() + " s");
        }
        for (ConsumerRecord<String, GenericRecord> record : records) {
          ObjectNode line = json.createObjectNode();
          line.put("partition", record.partition()).put("offset", record.offset()).put("key", record.key());
          // Avro prints a record as JSON.
          line.set("event", json.readTree(record.value().toString()));
          System.out.println(line);
          left--;
        }
      }
    }
  }
}
