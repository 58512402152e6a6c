import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.apicurio.registry.serde.SerdeConfig;
import io.apicurio.registry.serde.avro.AvroKafkaSerializer;
import io.apicurio.registry.serde.strategy.TopicIdStrategy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes one event to a topic like any Java producer, and prints its place as a line of JSON.
 *
 * <p>usage: WriteEvent BOOTSTRAP_SERVERS REGISTRY_URL TOPIC SCHEMA_FILE &lt;EVENT (in Avro's JSON encoding)
 */
public final class WriteEvent {
  public static void main(String[] arguments) throws Exception {
    String topic = arguments[2];
    Schema schema = new Schema.Parser().parse(Files.readString(Path.of(arguments[3])));
    GenericRecord event =
        new GenericDatumReader<GenericRecord>(schema)
            .read(null, DecoderFactory.get().jsonDecoder(schema, System.in));
    String key = ((GenericRecord) event.get("order")).get("orderId").toString();
    Map<String, Object> serializing =
        Map.of(
            // The registry's own API is beside Confluent's.
            SerdeConfig.REGISTRY_URL, arguments[1].replace("/ccompat/v7", "/registry/v2"),
            // The frame is Confluent's, with the id that the registry's own API calls the content id.
            SerdeConfig.ENABLE_CONFLUENT_ID_HANDLER, true,
            SerdeConfig.USE_ID, "contentId",
            // The subject of the topic's values.
            SerdeConfig.ARTIFACT_RESOLVER_STRATEGY, TopicIdStrategy.class.getName(),
            // Avro formats a schema in its own way, which the registry would treat as another version.
            SerdeConfig.AUTO_REGISTER_ARTIFACT, true,
            SerdeConfig.AUTO_REGISTER_ARTIFACT_IF_EXISTS, "RETURN_OR_UPDATE");
    Map<String, Object> producing = Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    try (var serializer = new AvroKafkaSerializer<GenericRecord>();
        var producer = new KafkaProducer<>(producing, new StringSerializer(), new ByteArraySerializer())) {
      serializer.configure(serializing, false);
      byte[] value = serializer.serialize(topic, event);
      RecordMetadata landed = producer.send(new ProducerRecord<>(topic, key, value)).get(30, TimeUnit.SECONDS);
      ObjectNode line = new ObjectMapper().createObjectNode();
      line.put("partition", landed.partition()).put("offset", landed.offset());
      System.out.println(line.put("schemaId", ByteBuffer.wrap(value).getInt(1)));
    }
  }
}
