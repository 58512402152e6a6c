import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter;
import org.apache.kafka.connect.runtime.errors.Stage;
import org.apache.kafka.connect.storage.SimpleHeaderConverter;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.kafka.annotation.KafkaListenerAnnotationBeanPostProcessor;
import org.springframework.kafka.support.KafkaHeaders;
import org.springframework.kafka.support.converter.MessagingMessageConverter;
import org.springframework.messaging.handler.annotation.Header;

/**
 * Decodes the headers of a dead letter with the classes that Spring Kafka gives to a handler of a dead-letter topic and those
 * that Kafka Connect gives to a sink, and prints what they see as JSON.
 *
 * <p>Reads a line for each header: its name, a tab, and its value in hexadecimal.
 */
public final class ReadDeadLetter {
  private static final ObjectNode SPRING = new ObjectMapper().createObjectNode();

  /** A handler as a Spring application has it, with typed parameters. */
  public static final class Handler {
    public void handle(
        @Header(KafkaHeaders.DLT_ORIGINAL_TOPIC) String topic,
        @Header(KafkaHeaders.DLT_ORIGINAL_PARTITION) int partition,
        @Header(KafkaHeaders.DLT_ORIGINAL_OFFSET) long offset,
        @Header(KafkaHeaders.DLT_ORIGINAL_TIMESTAMP) long timestamp,
        @Header(KafkaHeaders.DLT_ORIGINAL_TIMESTAMP_TYPE) String type,
        @Header(KafkaHeaders.DLT_ORIGINAL_CONSUMER_GROUP) String group,
        @Header(KafkaHeaders.DLT_EXCEPTION_FQCN) String exception,
        @Header(KafkaHeaders.DLT_EXCEPTION_CAUSE_FQCN) String cause,
        @Header(KafkaHeaders.DLT_EXCEPTION_MESSAGE) String message,
        @Header(KafkaHeaders.DLT_EXCEPTION_STACKTRACE) String trace) {
      SPRING.put("topic", topic).put("partition", partition).put("offset", offset).put("timestamp", timestamp);
      SPRING.put("timestampType", TimestampType.forName(type).name());
      SPRING.put("group", group).put("exception", exception).put("cause", cause);
      SPRING.put("message", message).put("stacktrace", trace);
    }
  }

  public static void main(String[] arguments) throws Exception {
    ConsumerRecord<String, byte[]> record = new ConsumerRecord<>("dead-letters", 0, 0, "key", new byte[0]);
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      int tab = line.indexOf('\t');
      record.headers().add(line.substring(0, tab), HexFormat.of().parseHex(line.substring(tab + 1)));
    }
    readWithSpring(record);
    ObjectNode seen = new ObjectMapper().createObjectNode();
    seen.set("spring", SPRING);
    seen.set("connect", readWithConnect(record));
    System.out.println(seen);
  }

  private static void readWithSpring(ConsumerRecord<String, byte[]> record) throws Exception {
    KafkaListenerAnnotationBeanPostProcessor<String, byte[]> processor =
        new KafkaListenerAnnotationBeanPostProcessor<>();
    processor.setBeanFactory(new DefaultListableBeanFactory());
    Method handle =
        Arrays.stream(Handler.class.getMethods()).filter(it -> it.getName().equals("handle")).findFirst().orElseThrow();
    processor
        .getMessageHandlerMethodFactory()
        .createInvocableHandlerMethod(new Handler(), handle)
        .invoke(new MessagingMessageConverter().toMessage(record, null, null, byte[].class));
  }

  private static ObjectNode readWithConnect(ConsumerRecord<String, byte[]> record) {
    SimpleHeaderConverter converter = new SimpleHeaderConverter();
    converter.configure(Map.of());
    ObjectNode seen = new ObjectMapper().createObjectNode();
    for (String name :
        new String[] {
          DeadLetterQueueReporter.ERROR_HEADER_ORIG_TOPIC,
          DeadLetterQueueReporter.ERROR_HEADER_ORIG_PARTITION,
          DeadLetterQueueReporter.ERROR_HEADER_ORIG_OFFSET,
          DeadLetterQueueReporter.ERROR_HEADER_CONNECTOR_NAME,
          DeadLetterQueueReporter.ERROR_HEADER_TASK_ID,
          DeadLetterQueueReporter.ERROR_HEADER_STAGE,
          DeadLetterQueueReporter.ERROR_HEADER_EXECUTING_CLASS,
          DeadLetterQueueReporter.ERROR_HEADER_EXCEPTION,
          DeadLetterQueueReporter.ERROR_HEADER_EXCEPTION_MESSAGE,
          DeadLetterQueueReporter.ERROR_HEADER_EXCEPTION_STACK_TRACE,
        }) {
      byte[] bytes = record.headers().lastHeader(name).value();
      Object value = converter.toConnectHeader("dead-letters", name, bytes).value();
      String shortName = name.substring(DeadLetterQueueReporter.HEADER_PREFIX.length());
      if (value instanceof Number number) {
        seen.put(shortName, number.longValue());
      } else {
        seen.put(shortName, (String) value);
      }
    }
    // Not one of Connect's stages: this throws.
    Stage.valueOf(seen.get("stage").textValue());
    return seen;
  }
}
